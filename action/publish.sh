#!/bin/bash
# Publishes a report: finds the program and runs it with the token. It checks out nothing, and runs nothing of the report.
set -euo pipefail
umask 077

PATH=/usr/bin:/bin:/usr/sbin:/sbin
LC_ALL=C
export PATH LC_ALL

here=$(cd "$GITHUB_ACTION_PATH/../action" && pwd)
readonly here
# shellcheck source=action/say.sh
. "$here/say.sh"
# shellcheck source=action/passed-publish.sh
. "$here/passed-publish.sh"
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

# What was asked.

report=$(input REPORT_DIR) conclusion=$(input CONCLUSION) from_run=$(input FROM_RUN) artifact=$(input ARTIFACT)
key=$(input KEY) comment=$(input COMMENT) status=$(input STATUS) check=$(input CHECK) issues=$(input ISSUES) author=$(input AUTHOR)
require=$(input REQUIRE_PUBLISH) dry_run=$(input DRY_RUN) token=$(input TOKEN) config=$(input CONFIG)
version=$(input VERSION) mirror=$(input MIRROR) binary=$(input BINARY)

one_of comment "${comment:=true}" true false
one_of status "${status:=false}" true false
one_of check "${check:=false}" true false
one_of issues "${issues:=false}" true false
one_of require-publish "${require:=false}" true false
one_of dry-run "${dry_run:=false}" true false
if [ "$issues" = true ]; then
	if [ -n "$from_run" ]; then refuse 2 "\`issues\` tells of a run of the default branch, and \`from-run\` of a pull request"; fi
	if [ "$status" = true ] || [ "$check" = true ]; then refuse 2 "with \`issues\` nothing else is written: use another step"; fi
fi
if [ -n "$from_run" ]; then
	if [ -n "$report$conclusion" ]; then
		refuse 2 "\`from-run\` stands alone: the report and how its job ended are asked for, so leave \`report-dir\` and \`conclusion\` out"
	fi
	case "$from_run" in *[!0-9]*) refuse 2 "\`from-run\` is the number of a run: \${{ github.event.workflow_run.id }}" ;; esac
else
	if [ -z "$report" ]; then refuse 2 "give the report: \`report-dir\`, or \`from-run\` in a workflow with \`on: workflow_run\`"; fi
	if [ -z "$conclusion" ]; then refuse 2 "\`conclusion\` says how the job of the gate ended: \${{ needs.JOB.result }}"; fi
fi

# A folder of this run alone. Its name is not one of the gate's.

case "${RUNNER_TEMP:?}${GITHUB_WORKSPACE:?}" in *$'\n'*) refuse 4 "a folder of the runner has a line break in its name" ;; esac
work=$(mktemp -d "$RUNNER_TEMP/publish-stella-XXXXXX") || refuse 4 "no folder can be made in RUNNER_TEMP"
readonly work
trap 'rm -rf "$work"' EXIT

program=""
find_program "$binary" "$version" "$mirror" "$work"

# The run. The token is the program's alone: in its environment, and in no argument.

given=("PATH=$PATH" "GITHUB_TOKEN=$token")
for variable in "${passed[@]}"; do
	if [ -n "${!variable+set}" ]; then given+=("$variable=${!variable}"); fi
done
command=publish
if [ "$issues" = true ]; then command=notify; fi
arguments=("$command")
if [ -n "$from_run" ]; then
	arguments+=(--from-run "$from_run")
	if [ -n "$artifact" ]; then arguments+=("--artifact=$artifact"); fi
else
	arguments+=("--report=$report" "--conclusion=$conclusion")
fi
if [ -n "$config" ]; then arguments+=("--config=$config"); fi
if [ -n "$key" ]; then arguments+=("--key=$key"); fi
if [ "$comment" = false ] && [ "$issues" = false ]; then arguments+=(--no-comment); fi
if [ "$status" = true ]; then arguments+=(--status); fi
if [ "$check" = true ]; then arguments+=(--check); fi
if [ -n "$author" ] && { [ "$comment" = true ] || [ "$issues" = true ]; }; then arguments+=("--author=$author"); fi
if [ "$require" = true ] && [ "$dry_run" = false ]; then arguments+=(--require-publish); fi
if [ "$dry_run" = true ]; then arguments+=(--dry-run); fi

cd "$GITHUB_WORKSPACE"
code=0
# The line of the gate's outcome is one of many here: what matters is told beside it.
run_program >"$work/said.txt"
cat "$work/said.txt"
if grep -q '^warning: ' "$work/said.txt"; then
	command_line warning "not everything could be published: the log of this step says what, and why"
fi
if [ "$code" -ne 0 ]; then
	command_line error "stella $command ended with $code: the log of this step says why"
fi
exit "$code"
