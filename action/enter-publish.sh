#!/bin/bash
# The first line of the publishing step. Whatever runs after it has an environment in which every variable was named: nothing that
# loads code, and the token for the program alone.
set -euo pipefail

own=(
	GITHUB_ACTION_PATH GITHUB_STEP_SUMMARY RUNNER_OS RUNNER_ARCH RUNNER_TOOL_CACHE
	STELLA_INPUT_REPORT_DIR STELLA_INPUT_CONCLUSION STELLA_INPUT_FROM_RUN STELLA_INPUT_ARTIFACT STELLA_INPUT_KEY
	STELLA_INPUT_COMMENT STELLA_INPUT_STATUS STELLA_INPUT_CHECK STELLA_INPUT_ISSUES STELLA_INPUT_AUTHOR STELLA_INPUT_REQUIRE_PUBLISH
	STELLA_INPUT_DRY_RUN STELLA_INPUT_TOKEN STELLA_INPUT_CONFIG STELLA_INPUT_VERSION STELLA_INPUT_MIRROR STELLA_INPUT_BINARY
)
# shellcheck source=action/passed-publish.sh
. "${GITHUB_ACTION_PATH:?is not set: this runs as a step of the action}/../action/passed-publish.sh"

kept=()
for name in "${own[@]}" "${passed[@]}"; do
	if [ -n "${!name+set}" ]; then kept+=("$name=${!name}"); fi
done
exec /usr/bin/env -i "${kept[@]}" /bin/bash --noprofile --norc -p "$GITHUB_ACTION_PATH/../action/publish.sh"
