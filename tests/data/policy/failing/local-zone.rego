# expect: the policy could not be evaluated: local-zone.rego:4
package stella.policy

deny contains "x" if time.clock([time.now_ns(), concat("", ["Lo", "cal"])])[0] > 12
