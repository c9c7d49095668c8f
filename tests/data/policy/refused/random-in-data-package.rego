# expect: random-in-data-package.rego:4 in rule `deny.roll` uses `rand.intn`
package stella.policy

deny.roll contains x if x := rand.intn("seed", 2)
