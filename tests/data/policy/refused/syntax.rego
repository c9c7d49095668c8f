# expect: `syntax.rego` is not valid Rego (v1)
package stella.policy

deny contains "x" if {
