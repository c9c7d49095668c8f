# expect: `deny` gives a boolean: expected a set of reason codes
package stella.policy

deny := true
