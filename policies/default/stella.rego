# The default policy: which findings block, and which are let through and why.
#
# Parameters and the allow-list are in data.json beside this file; README.md in the directory above explains both.
package stella.policy

policy_set := "stella-default"

# A finding blocks when it is severe enough and nothing excuses it.
deny contains code if {
	some finding in severe
	not excused(finding)
	not cleared(finding)
	not allowed(finding)
	code := sprintf("severity-%s", [finding.severity])
}

# An entry that is not complete excuses nothing, and nobody should believe that it does.
deny contains "allow-list-invalid" if {
	some entry in data.allow
	not complete(entry)
}

warn contains "severity-unknown" if {
	not data.parameters.block_unknown_severity
	some finding in input.findings
	finding.severity == "unknown"
}

warn contains "allow-list-used" if {
	some entry in listed
	valid(entry)
	some finding in severe
	names(entry, finding)
}

warn contains "allow-list-expired" if {
	some entry in listed
	not valid(entry)
	some finding in severe
	names(entry, finding)
}

rank := {"unknown": 0, "none": 1, "low": 2, "medium": 3, "high": 4, "critical": 5}

blocking_severities contains severity if {
	some severity, value in rank
	value >= rank[data.parameters.block_severity]
}

blocking_severities contains "unknown" if data.parameters.block_unknown_severity

severe := [finding |
	some finding in input.findings
	finding.severity in blocking_severities
]

excused(finding) if {
	finding.reachability == "unreachable"
	not data.parameters.block_unreachable
}

excused(finding) if {
	count(finding.fixed_versions) == 0
	not data.parameters.block_without_fix
}

# VEX clears a finding when at least one statement does, and none contradicts.
cleared(finding) if {
	some status in ["not_affected", "fixed"]
	says(finding, status)
	not contradicted(finding)
}

contradicted(finding) if {
	some status in ["affected", "under_investigation"]
	says(finding, status)
}

says(finding, status) if finding.vex_status == status

says(finding, status) if {
	some id in ids(finding)
	[finding.affected_purl, id, status] in statements
}

statements contains [vex.product, vex.vulnerability, vex.status] if some vex in input.vex

ids(finding) := array.concat([finding.cve_id], finding.aliases)

allowed(finding) if {
	some entry in listed
	names(entry, finding)
	valid(entry)
}

names(entry, finding) if {
	entry.id in ids(finding)
	object.get(entry, "purl", finding.affected_purl) == finding.affected_purl
}

# The instant of expiry is the first at which the entry no longer counts.
valid(entry) if time.now_ns() < time.parse_rfc3339_ns(entry.expires)

listed := [entry | some entry in data.allow; complete(entry)]

complete(entry) if {
	is_string(entry.id)
	is_string(entry.expires)
	is_string(entry.reason)
}
