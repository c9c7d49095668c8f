# expect: in rule `even` refers to itself
package stella.policy

even(n) if n == 0

even(n) if odd(n - 1)

odd(n) if even(n - 1)

deny contains "x" if even(1000000)
