# shellcheck shell=bash
# What was asked of a step. A value is never repeated: it may come from a pull request.

input() {
	local name="STELLA_INPUT_$1"
	printf '%s' "${!name:-}"
}

one_of() {
	local name=$1 value=$2 known
	shift 2
	for known in "$@"; do
		if [ "$value" = "$known" ]; then return; fi
	done
	refuse 2 "the input \`$name\` takes one of: $*"
}
