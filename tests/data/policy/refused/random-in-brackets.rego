# expect: random-in-brackets.rego:4 in rule `deny` uses `rand.intn`
package stella.policy

deny contains "x" if rand["int\u006e"]("seed", 2) == 1
