# expect: `deny` gives nothing: expected a set of reason codes
package stella.policy

deny := {"x"} if input.absent
