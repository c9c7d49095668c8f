# expect: the policy did not decide within
package stella.policy

deny contains "x" if {
	some a in numbers.range(1, 50000)
	some b in numbers.range(1, 50000)
	a * b == 0
}
