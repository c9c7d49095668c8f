# expect: random-by-with.rego:5 in rule `deny` uses `rand.intn`
package stella.policy

deny contains "x" if {
	size with numbers.range as rand.intn
}

size := numbers.range(1, 2)
