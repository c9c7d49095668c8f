# The default policy: which findings block, and which are let through and why.
#
# Parameters and the allow-list are in data.json beside this file; README.md in the directory above explains both.
package stella.policy

policy_set := "stella-default"

rank := {"unknown": 0, "none": 1, "low": 2, "medium": 3, "high": 4, "critical": 5}

# A finding blocks when it is severe enough and nothing excuses it.
deny contains sprintf("severity-%s", [finding.severity]) if {
	some finding in input.findings
	severe(finding)
	not excused(finding)
}

# An entry that cannot be judged must not be mistaken for one that excuses nothing.
deny contains "allow-list-invalid" if {
	some entry in data.allow
	not well_formed(entry)
}

warn contains "severity-unknown" if {
	not data.parameters.block_unknown_severity
	some finding in input.findings
	finding.severity == "unknown"
}

warn contains "allow-list-used" if {
	some finding in input.findings
	severe(finding)
	allowed(finding)
}

warn contains "allow-list-expired" if {
	some finding in input.findings
	severe(finding)
	some entry in data.allow
	names(entry, finding)
	not valid(entry)
}

severe(finding) if rank[finding.severity] >= rank[data.parameters.block_severity]

severe(finding) if {
	finding.severity == "unknown"
	data.parameters.block_unknown_severity
}

excused(finding) if {
	finding.reachability == "unreachable"
	not data.parameters.block_unreachable
}

excused(finding) if {
	count(finding.fixed_versions) == 0
	not data.parameters.block_without_fix
}

excused(finding) if cleared(finding)

excused(finding) if allowed(finding)

# VEX: cleared by at least one statement, and contradicted by none.
cleared(finding) if {
	count(statuses(finding) & {"not_affected", "fixed"}) > 0
	count(statuses(finding) & {"affected", "under_investigation"}) == 0
}

statuses(finding) := {status |
	some statement in input.vex
	statement.vulnerability in ids(finding)
	statement.product == finding.affected_purl
	status := statement.status
} | {status |
	status := finding.vex_status
	status != null
}

ids(finding) := {finding.cve_id} | {id | some id in finding.aliases}

allowed(finding) if {
	some entry in data.allow
	names(entry, finding)
	valid(entry)
}

names(entry, finding) if {
	entry.id in ids(finding)
	object.get(entry, "purl", finding.affected_purl) == finding.affected_purl
}

# The instant of expiry is the first at which the entry no longer counts.
valid(entry) if time.now_ns() < time.parse_rfc3339_ns(entry.expires)

well_formed(entry) if {
	is_string(entry.id)
	is_string(entry.expires)
	is_string(entry.reason)
	object.get(entry, "purl", "") != null
}
