# expect: unknown.rego:4 in rule `deny` calls `lenght`
package stella.policy

deny contains "x" if lenght(input.findings) > 0
