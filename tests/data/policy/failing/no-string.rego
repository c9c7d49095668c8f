# expect: `warn` gives a number: expected a set of reason codes
package stella.policy

deny contains "x" if false

warn contains 1 if true
