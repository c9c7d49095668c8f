# shellcheck shell=bash
# Which release is asked for, where it lies and what its digest is. Nothing here reaches for a network.

# shellcheck disable=SC2034 # read by gate.sh and download.sh
releases=https://github.com/stella-replay/stella/releases/download

# The name by which Rust knows this machine; empty where no release is built for it.
target() {
	case "${RUNNER_OS:-}-${RUNNER_ARCH:-}" in
	Linux-X64) echo x86_64-unknown-linux-musl ;;
	Linux-ARM64) echo aarch64-unknown-linux-musl ;;
	macOS-ARM64) echo aarch64-apple-darwin ;;
	esac
}

# The release that belongs to this commit of the action; empty where none does.
default_version() { sed -n 's/^  "default": "\([0-9A-Za-z.-]*\)",$/\1/p' "$1"; }

is_version() {
	local version='^[0-9]+[.][0-9]+[.][0-9]+(-[0-9A-Za-z.-]+)?$'
	[[ "$1" =~ $version ]]
}

# The SHA-256 of an asset by the table `$1`. Nothing where it is not in there exactly once.
checksum() {
	local table=$1 asset=$2 found
	found=$(sed -n 's/^    "'"${asset//./\\.}"'": "\([0-9a-f]\{64\}\)",\{0,1\}$/\1/p' "$table")
	if [ "${#found}" -eq 64 ]; then echo "$found"; fi
}

# An address that a mirror may have: HTTPS, or this machine itself. No name and password: they would stand in the log.
is_mirror() {
	local address='^(https://|http://127[.]0[.]0[.]1[:/]|http://localhost[:/])[A-Za-z0-9._~:/%+-]+$'
	[[ "$1" =~ $address ]]
}
