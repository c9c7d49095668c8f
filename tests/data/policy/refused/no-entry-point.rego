# expect: the policy has no rule `deny` in package `stella.policy`
package stella.other

deny contains "x" if input.findings
