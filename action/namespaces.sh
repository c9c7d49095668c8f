# shellcheck shell=bash
# Ubuntu since 23.10 lets only programs that AppArmor names make user namespaces, of which the sandbox is made. This names the
# helper of this run, by its path, until the step ends: no setting of the whole machine is changed, and nothing runs as root but
# apparmor_parser.

# An AppArmor profile for the helper at this path.
profile() {
	printf 'abi <abi/4.0>,\ninclude <tunables/global>\n\nprofile %s "%s" flags=(unconfined) {\n  userns,\n}\n' "$1" "$2"
}

is_restricted() {
	local setting=/proc/sys/kernel/apparmor_restrict_unprivileged_userns value=0
	if [ -r "$setting" ]; then read -r value <"$setting" || true; fi
	[ "$value" = 1 ]
}

# allow_namespaces HELPER NAME: 0 where the profile is loaded.
allow_namespaces() {
	local helper=$1 name=$2 plain='^/[A-Za-z0-9._/@+: -]+$'
	# What has a meaning in a profile's path does not stand in one.
	[[ "$helper" =~ $plain ]] || return 1
	if [ "$(id -u)" = 0 ]; then
		profile "$name" "$helper" | apparmor_parser --replace --skip-cache >/dev/null 2>&1
	else
		profile "$name" "$helper" | sudo -n apparmor_parser --replace --skip-cache >/dev/null 2>&1
	fi
}

forget_namespaces() {
	local helper=$1 name=$2
	if [ "$(id -u)" = 0 ]; then
		profile "$name" "$helper" | apparmor_parser --remove >/dev/null 2>&1 || true
	else
		profile "$name" "$helper" | sudo -n apparmor_parser --remove >/dev/null 2>&1 || true
	fi
}
