# shellcheck shell=bash
# Gets one file by its address, and knows its bytes by their digest.
# Invariants: a file counts when its SHA-256 is the one that was asked for, wherever it came from; what is unpacked is the copy that
# was looked at, in a folder of this run. One host is asked, and those that it redirects to.

readonly TRIES=8
readonly SECONDS_IN_ALL=120

# Seconds to wait before the next try.
pause_after() {
	local pauses=(1 2 4 8 16 20 20)
	echo "${pauses[$(($1 - 1))]}"
}

# fetch URL FILE: 0 when it is there, 3 where the host says that it has no such file, 1 where it gave up.
fetch() {
	local url=$1 file=$2 try=1 began=$SECONDS left status code protocols='=https'
	case "$url" in http://*) protocols='=http,https' ;; esac
	while :; do
		left=$((SECONDS_IN_ALL - (SECONDS - began)))
		[ "$left" -gt 0 ] || break
		code=0
		# -q: no configuration file of the machine. Proxies and certificates are told by variables.
		status=$(curl -q --globoff --silent --location --max-redirs 5 --proto "$protocols" --proto-redir "$protocols" --tlsv1.2 \
			--connect-timeout 15 --max-time "$left" --max-filesize 268435456 --output "$file" --write-out '%{http_code}' \
			-- "$url") || code=$?
		if [ "$code" -eq 0 ] && [ "$status" = 200 ]; then return 0; fi
		rm -f "$file"
		case "$status" in
		404 | 410) return 3 ;;
		esac
		say "try $try of $TRIES: $(why_not "$code" "$status")"
		[ "$try" -lt "$TRIES" ] || break
		sleep "$(pause_after "$try")"
		try=$((try + 1))
	done
	return 1
}

# What went wrong, in words, with curl's number.
why_not() {
	local code=$1 status=$2
	case "$code" in
	0) echo "the host answered ${status//[!0-9]/}" ;;
	5) echo "the proxy's name cannot be resolved (curl 5)" ;;
	6) echo "the host's name cannot be resolved (curl 6)" ;;
	7) echo "the host cannot be reached (curl 7)" ;;
	28) echo "it took too long (curl 28)" ;;
	35 | 51 | 58 | 60 | 77) echo "TLS: the host's certificate is not trusted, or there is another one of a proxy's (curl $code)" ;;
	*) echo "curl ended with $code" ;;
	esac
}

# The SHA-256 of a file.
digest() {
	local line
	if [ -x /usr/bin/sha256sum ] || [ -x /bin/sha256sum ]; then
		line=$(sha256sum <"$1")
	else
		line=$(shasum -a 256 <"$1")
	fi
	echo "${line%% *}"
}

# obtain URL ASSET DIGEST FILE CACHED: the asset at FILE, from the cache of the runner or from the host.
obtain() {
	local url=$1 asset=$2 expected=$3 file=$4 cached=$5 status=0
	if [ -n "$cached" ] && [ -f "$cached" ] && [ ! -L "$cached" ] && cp "$cached" "$file" 2>/dev/null; then
		if [ "$(digest "$file")" = "$expected" ]; then
			say "$asset is in the tool cache, and its SHA-256 is right"
			return
		fi
		rm -f "$file"
		say "$asset in the tool cache has another SHA-256: it is not used"
	fi
	fetch "$url" "$file" || status=$?
	case "$status" in
	0) ;;
	3) refuse 4 "there is no $asset at $url: a mirror must have it under that name" ;;
	*) refuse 4 "$asset cannot be downloaded from $url: look at the hosts, proxies and certificates in docs/github-action.md, or give \`binary\`" ;;
	esac
	if [ "$(digest "$file")" != "$expected" ]; then
		rm -f "$file"
		refuse 5 "$asset from $url has another SHA-256 than action/checksums.json says: nothing of it was run"
	fi
	say "$asset was downloaded, and its SHA-256 is right"
	if [ -n "$cached" ]; then keep "$file" "$cached"; fi
}

# A cache that cannot be written costs the next run a download, and this one nothing.
keep() {
	local file=$1 cached=$2 folder
	folder=$(dirname "$cached")
	if mkdir -p "$folder" 2>/dev/null && cp "$file" "$cached.$$" 2>/dev/null && mv -f "$cached.$$" "$cached" 2>/dev/null; then
		return
	fi
	rm -f "$cached.$$" 2>/dev/null || true
	say "the tool cache cannot be written: the next run downloads again"
}
