# expect: `version-0.rego` is not valid Rego (v1)
package stella.policy

deny["x"] { input.findings }
