# expect: random-by-import.rego:6 in rule `deny` calls `data.lib.dice.intn`
package stella.policy

import data.lib.dice as rand

deny contains "x" if rand.intn("seed", 2) == 1
