# expect: `policy_set` gives "two words", which is not a reason code
package stella.policy

policy_set := "two words"

deny contains "x" if false
