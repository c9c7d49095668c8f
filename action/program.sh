# shellcheck shell=bash
# The program that a step runs: one that is there, or the one of a release, known by its digest.
# It needs say.sh, release.sh and download.sh, and `here`: the folder of these files.
# shellcheck disable=SC2154 # set by those that source this

# find_program BINARY VERSION MIRROR FOLDER: its path in `program`. What is downloaded is unpacked in FOLDER, which is of this run alone.
find_program() {
	local binary=$1 version=$2 mirror=$3 folder=$4 target name checksum base cached=""
	if [ -n "$binary" ]; then
		if [ -n "$version$mirror" ]; then
			refuse 2 "\`binary\` stands alone: no release is looked for, so leave \`version\` and \`mirror\` out"
		fi
		case "$binary" in
		/*) program=$binary ;;
		*) program=$GITHUB_WORKSPACE/$binary ;;
		esac
		if [ ! -f "$program" ] || [ ! -x "$program" ]; then
			refuse 2 "\`binary\` names no program: it is a path from the root of the checkout, or one that begins with /"
		fi
		return
	fi
	target=$(target)
	if [ -z "$target" ]; then
		refuse 4 "there is no release of stella for ${RUNNER_OS:-an unknown system} on ${RUNNER_ARCH:-an unknown processor}: use \`runs-on: ubuntu-24.04\`, or build it and give \`binary\`"
	fi
	version=${version#v}
	if [ -z "$version" ]; then version=$(default_version "$here/checksums.json"); fi
	if [ -z "$version" ]; then
		refuse 4 "no release belongs to this commit of the action: use the action by the commit of a release, or give \`binary\`"
	fi
	is_version "$version" || refuse 2 "\`version\` is a release such as 1.2.3"
	if [ -n "$mirror" ] && ! is_mirror "$mirror"; then
		refuse 2 "\`mirror\` is an address such as https://mirror.example/stella, without a name and a password"
	fi
	name="stella-$version-$target"
	checksum=$(checksum "$here/checksums.json" "$name.tar.gz")
	if [ -z "$checksum" ]; then
		refuse 4 "action/checksums.json of this commit of the action has no $name.tar.gz: a newer release needs a newer action, and not every release is built for every processor"
	fi
	base=${mirror:-$releases}
	if [ -n "${RUNNER_TOOL_CACHE:-}" ]; then cached="$RUNNER_TOOL_CACHE/stella/$version/$name.tar.gz"; fi
	obtain "${base%/}/v$version/$name.tar.gz" "$name.tar.gz" "$checksum" "$folder/$name.tar.gz" "$cached"
	mkdir "$folder/program"
	# -o: it belongs to whoever unpacks it.
	tar -xzof "$folder/$name.tar.gz" -C "$folder/program" || refuse 4 "$name.tar.gz cannot be unpacked"
	rm -f "$folder/$name.tar.gz"
	# shellcheck disable=SC2034 # read by those that source this
	program="$folder/program/$name/stella"
}
