# expect: reason codes: 2000 exceeds the limit of 1000
package stella.policy

deny contains sprintf("code-%d", [n]) if some n in numbers.range(1, 2000)
