#!/bin/bash
# The gate: finds the program, runs it, and hands on what it wrote. The exit status of the program is that of the step.
set -euo pipefail
umask 077

# The job's own path is for what the repository builds; what runs here is the system's.
readonly job_path=${PATH:-}
PATH=/usr/bin:/bin:/usr/sbin:/sbin
# Ranges of letters are those of ASCII; stella gets the job's own LANG.
LC_ALL=C
export PATH LC_ALL

readonly here="$GITHUB_ACTION_PATH/action"
# shellcheck source=action/say.sh
. "$here/say.sh"
# shellcheck source=action/passed.sh
. "$here/passed.sh"
# shellcheck source=action/release.sh
. "$here/release.sh"
# shellcheck source=action/download.sh
. "$here/download.sh"
# shellcheck source=action/program.sh
. "$here/program.sh"
# shellcheck source=action/inputs.sh
. "$here/inputs.sh"
# shellcheck source=action/run.sh
. "$here/run.sh"
# shellcheck source=action/namespaces.sh
. "$here/namespaces.sh"

# The type that the program gives to the predicate.
readonly predicate_type=https://github.com/stella-replay/stella/attestation/replay-fidelity/v0.1

# What was asked.

gate=$(input GATE) mode=$(input MODE) fail_on=$(input FAIL_ON) isolation=$(input REQUIRE_ISOLATION)
shard=$(input SHARD) merge=$(input MERGE) annotations=$(input ANNOTATIONS) sudo=$(input SUDO) config=$(input CONFIG)
base_subject=$(input BASE_SUBJECT)
version=$(input VERSION) mirror=$(input MIRROR) binary=$(input BINARY)

if [ -n "$mode" ]; then one_of mode "$mode" regression pinned; fi
if [ -z "$gate" ]; then
	gate="pr"
	if [ "$mode" = pinned ]; then gate=off; fi
fi
one_of gate "$gate" pr nightly release off
case "$mode-$gate" in
pinned-pr | pinned-release) refuse 2 "with \`mode: pinned\` the gate is nightly or off: the others judge what this checkout builds" ;;
regression-nightly) refuse 2 "the gate nightly judges pinned replays: leave \`mode\` out" ;;
esac
if [ -n "$fail_on" ]; then one_of fail-on "$fail_on" fail warn; fi
if [ -n "$isolation" ]; then one_of require-isolation "$isolation" full traced isolated none; fi
shard_shape='^[0-9]{1,3}/[0-9]{1,3}$'
if [ -n "$shard" ] && ! [[ "$shard" =~ $shard_shape ]]; then refuse 2 "\`shard\` is one of N, such as 2/4"; fi
if [ -n "$shard" ] && [ -n "$merge" ]; then refuse 2 "\`merge\` puts shards together, and \`shard\` is one of them: they are inputs of different jobs"; fi
one_of annotations "${annotations:=true}" true false
one_of sudo "${sudo:=auto}" auto never
if [ -n "$base_subject" ] && [ -n "$merge" ]; then refuse 2 "\`merge\` replays nothing: \`base-subject\` is an input of the jobs of the shards"; fi
if [ -n "$base_subject" ] && [ "$mode" = pinned ]; then refuse 2 "with \`mode: pinned\` nothing is swapped in, so that \`base-subject\` says nothing"; fi
if [ -n "$fail_on" ] && [ "$gate" = off ]; then refuse 2 "\`fail-on\` says how strict a gate is, and \`gate\` is off"; fi

# It has the secrets and the caches of the base, whatever is checked out: what a pull request brings has no place there.
if [ "${GITHUB_EVENT_NAME:-}" = pull_request_target ]; then
	refuse 2 "nothing is replayed for the event pull_request_target: use \`on: pull_request\`, which needs no permission here"
fi

# A folder of this run alone.

case "${RUNNER_TEMP:?}${GITHUB_WORKSPACE:?}" in *$'\n'*) refuse 4 "a folder of the runner has a line break in its name" ;; esac
work=$(mktemp -d "$RUNNER_TEMP/stella-XXXXXX") || refuse 4 "no folder can be made in RUNNER_TEMP"
readonly work report="$work/report"

# The program.

program=""
find_program "$binary" "$version" "$mirror" "$work"

# The machine.

if [ "${RUNNER_OS:-}" = Linux ]; then
	# The one image of GitHub's that does not say who its user is.
	if [ "${RUNNER_ENVIRONMENT:-}" = github-hosted ] && [ -z "${USER:-}" ]; then
		command_line warning "this looks like the image \`ubuntu-slim\`: a container of one processor and 15 minutes in which nothing can be sealed. For scanners of your own use \`runs-on: ubuntu-24.04\`"
	elif is_restricted; then
		helper="$(dirname "$program")/stella-sandbox" profile_name="stella-sandbox.${work##*/}"
		if [ "$sudo" = never ]; then
			say "this machine refuses user namespaces, and \`sudo\` is never: the level of isolation is below full"
		elif allow_namespaces "$helper" "$profile_name"; then
			say "user namespaces are allowed to $helper until this step ends"
			trap 'forget_namespaces "$helper" "$profile_name"' EXIT
		else
			say "this machine refuses user namespaces, and AppArmor cannot be told otherwise: the level of isolation is below full"
		fi
	fi
fi

# The run. Its environment is named once more: what is left out here is for the action alone.

given=("PATH=$job_path" "STELLA_ACTION_PATH=$GITHUB_ACTION_PATH")
for variable in "${passed[@]}"; do
	if [ "$variable" != PATH ] && [ -n "${!variable+set}" ]; then given+=("$variable=${!variable}"); fi
done
command=(ci)
if [ -n "$merge" ]; then
	case "$merge" in
	/*) ;;
	*) merge=$GITHUB_WORKSPACE/$merge ;;
	esac
	# Nothing was there to be downloaded: that is not a run without shards.
	[ -d "$merge" ] || refuse 3 "\`merge\` names no folder: no shard has left a report, so look at their logs"
	command=(merge "$merge")
fi
arguments=(
	"${command[@]}" --out-dir "$report"
	--emit "job-summary=$work/summary.md" --emit "github-annotations=$work/annotations.txt" --emit "github-outputs=$work/outputs.txt"
)
if [ -n "$config" ]; then arguments+=("--config=$config"); fi
if [ -n "$shard" ]; then arguments+=(--shard "$shard"); fi
if [ "$gate" != off ]; then arguments+=(--gate "$gate"); fi
if [ "$mode" = pinned ] && [ "$gate" = off ]; then arguments+=(--pinned); fi
if [ -n "$fail_on" ]; then arguments+=(--fail-on "$fail_on"); fi
if [ -n "$base_subject" ]; then arguments+=("--base-subject=$base_subject"); fi
if [ "$gate" = release ] && [ -z "$shard" ]; then arguments+=(--predicate "$work/replay-fidelity.json"); fi
if [ -n "$isolation" ]; then arguments+=(--require-isolation "$isolation"); fi

cd "$GITHUB_WORKSPACE"
code=0
run_program

# What it wrote.

{
	printf 'report-dir=%s\n' "$report"
	for output in result:result.json junit:junit.xml sarif:stella.sarif; do
		file="$report/${output#*:}"
		[ -f "$file" ] || file=""
		printf '%s=%s\n' "${output%%:*}" "$file"
	done
	if [ -f "$work/replay-fidelity.json" ]; then
		printf 'predicate-path=%s\n' "$work/replay-fidelity.json"
		printf 'predicate-type=%s\n' "$predicate_type"
	fi
	if [ -f "$work/outputs.txt" ]; then cat "$work/outputs.txt"; fi
} >>"${GITHUB_OUTPUT:-/dev/null}"
if [ -f "$work/summary.md" ]; then
	cat "$work/summary.md" >>"${GITHUB_STEP_SUMMARY:-/dev/null}"
else
	printf '### stella\n\nThere is no result (exit code %s): the log of this step says why.\n' "$code" >>"${GITHUB_STEP_SUMMARY:-/dev/null}"
	command_line error "stella ended with $code and without a result: the log of this step says why"
fi
if [ "$annotations" = true ] && [ -f "$work/annotations.txt" ]; then cat "$work/annotations.txt"; fi
exit "$code"
