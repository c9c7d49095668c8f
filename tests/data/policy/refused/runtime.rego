# expect: runtime.rego:6 in rule `deny` uses `opa.runtime`
package stella.policy

deny contains code if {
	code := "x"
	opa.runtime().env.CI == "true"
}
