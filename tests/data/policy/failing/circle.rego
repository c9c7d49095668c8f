# expect: the policy could not be evaluated
package stella.policy

deny contains code if some code in data[concat("", ["ste", "lla"])].policy.deny
