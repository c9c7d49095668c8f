# shellcheck shell=bash
# Runs the program with the environment that was named, and nothing of what it prints is a command of the runner.
# shellcheck disable=SC2034,SC2154 # set and read by those that source this

# run_program: `given`, `program` and `arguments` say what; its exit status is in `code`.
run_program() {
	local token child="" cancelled=""
	# What is printed may quote a scanner. Between these two lines the runner obeys no command, and nobody else knows the second.
	token=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
	[ "${#token}" -eq 32 ] || refuse 4 "there is no randomness: /dev/urandom cannot be read"
	printf '::stop-commands::%s\n' "$token"
	# A job that is cancelled: the program ends what it has started, and then itself. It may be while it is being started.
	trap 'cancelled=yes; [ -z "$child" ] || kill -TERM "$child" 2>/dev/null || true' INT TERM HUP
	/usr/bin/env -i "${given[@]}" "$program" "${arguments[@]}" 2>&1 </dev/null &
	child=$!
	[ -z "$cancelled" ] || kill -TERM "$child" 2>/dev/null || true
	while :; do
		code=0
		wait "$child" || code=$?
		kill -0 "$child" 2>/dev/null || break
	done
	trap - INT TERM HUP
	printf '\n::%s::\n' "$token"
}
