# A library in a package of its own.
package lib.severity

order := ["none", "low", "medium", "high", "critical"]

default rank(_) := -1

rank(name) := i if {
	some i, other in order
	other == name
}

at_least(finding, name) if rank(finding.severity) >= rank(name)

names["short"] := {"c": "critical"}
