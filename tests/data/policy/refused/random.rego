# expect: random.rego:6 in rule `unlucky` uses `rand.intn`
package stella.policy

deny contains "x" if unlucky

unlucky if rand.intn("seed", 2) == 1
