# expect: the policy could not be evaluated: huge-width.rego:4
package stella.policy

deny contains sprintf("%1000000000d", [1]) if true
