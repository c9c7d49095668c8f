# What ordinary policies are made of, so that the look at the rules does not refuse it.
package stella.policy

import rego.v1

import data.lib.severity
import data.lib.severity as levels
import input.findings as all_findings

# METADATA
# title: `rand.intn` in a comment or a text is nobody's business
deny contains code if {
	some finding in all_findings
	severity.at_least(finding, "high")
	code := concat(":", ["severe", lower(finding.cve_id)])
}

deny contains "by-full-path" if {
	some finding in input.findings
	data.lib.severity.at_least(finding, levels.names.short.c)
}

deny contains "every" if {
	count(input.findings) > 0
	every finding in input.findings {
		not startswith(finding.package, "log")
	}
}

warn contains "with" if {
	frozen with time.now_ns as 0
	frozen with input as {"findings": []}
}

warn contains "else" if level == "b"

warn contains "http.send(1)" if contains("http.send", "send")

warn contains object.get({"rand": {"intn": "field"}}, ["rand", "intn"], "none") if true

frozen if time.now_ns() >= 0

level := "a" if {
	count(input.findings) > 5
} else := "b" if {
	count(input.findings) > 0
} else := "c"

table := {name: [x | some x in xs; x > 1] | some name, xs in {"a": [1, 2]}}

warn contains sprintf("table-%d", [table.a[0]]) if true

warn contains regex.replace("a.c", `\.`, "-") if set() == {x | some x in []}
