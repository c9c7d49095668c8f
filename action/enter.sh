#!/bin/bash
# The first of the action's own lines. Whatever runs after it has an environment in which every variable was named: no token, no
# secret of the job, nothing that loads code. So the programs that are replayed cannot find one in their ancestors' either.
set -euo pipefail

# What the action itself reads.
own=(
	GITHUB_ACTION_PATH GITHUB_OUTPUT GITHUB_STEP_SUMMARY RUNNER_TEMP RUNNER_OS RUNNER_ARCH RUNNER_ENVIRONMENT
	STELLA_INPUT_CONFIG STELLA_INPUT_GATE STELLA_INPUT_MODE STELLA_INPUT_FAIL_ON STELLA_INPUT_BASE_SUBJECT STELLA_INPUT_REQUIRE_ISOLATION
	STELLA_INPUT_SHARD STELLA_INPUT_MERGE STELLA_INPUT_ANNOTATIONS STELLA_INPUT_SUDO STELLA_INPUT_VERSION STELLA_INPUT_MIRROR STELLA_INPUT_BINARY
)
# shellcheck source=action/passed.sh
. "${GITHUB_ACTION_PATH:?is not set: this runs as a step of the action}/action/passed.sh"

kept=()
for name in "${own[@]}" "${passed[@]}"; do
	if [ -n "${!name+set}" ]; then kept+=("$name=${!name}"); fi
done
exec /usr/bin/env -i "${kept[@]}" /bin/bash --noprofile --norc -p "$GITHUB_ACTION_PATH/action/gate.sh"
