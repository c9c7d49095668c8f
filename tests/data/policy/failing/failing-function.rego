# expect: the policy could not be evaluated: failing-function.rego:4
package stella.policy

deny contains "x" if not to_number("abc") == 1
