# expect: lookup.rego:4 in rule `deny` uses `net.lookup_ip_addr`
package stella.policy

deny contains "x" if count(net.lookup_ip_addr("example.org")) > 0
