# expect: `deny` gives "a b", which is not a reason code
package stella.policy

deny contains "a b" if true
