# expect: unbounded.rego:4 in rule `deny` calls `bits.lsh`
package stella.policy

deny contains "x" if bits.lsh(1, 4000000000) > 0
