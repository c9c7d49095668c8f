# expect: http.rego:8 in rule `deny` uses `http.send`
package stella.policy

deny contains "x" if {
	input.findings

	# a comment about http.send is fine
	http.send({"method": "get", "url": "https://example.org"})
}
