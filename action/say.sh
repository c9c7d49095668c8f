# shellcheck shell=bash
# How the action speaks: lines of the log, and commands to the runner whose text cannot act.
# Invariant: nothing that comes from a host or an input is printed as it is; `command` is given our own words.

say() { printf 'stella: %s\n' "$*"; }

# A workflow command with a title. `##[` anywhere in a line would be one of the older kind.
command_line() {
	local kind=$1 text=$2 percent='%' hashes='##' apart='# #' return=$'\r' line=$'\n'
	# By variables: old and new versions of bash differ in what quotes mean here.
	text=${text//"$percent"/${percent}25}
	text=${text//"$return"/ }
	text=${text//"$line"/${percent}0A}
	text=${text//"$hashes"/$apart}
	printf '::%s title=stella::%s\n' "$kind" "$text"
}

# Ends the step before there is a result: 2 for what was asked, 4 for what cannot be done here, 5 for bytes that are not those that
# were expected.
refuse() {
	local code=$1 text=$2
	command_line error "$text"
	if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
		printf '### stella\n\nThe gate did not run (exit code %s): the log of this step says why.\n' "$code" >>"$GITHUB_STEP_SUMMARY" || true
	fi
	exit "$code"
}
