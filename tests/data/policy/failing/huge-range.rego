# expect: the policy could not be evaluated: huge-range.rego:4
package stella.policy

deny contains "x" if count(numbers.range(1, 4000000000000000000)) > 0
