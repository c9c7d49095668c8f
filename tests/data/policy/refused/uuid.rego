# expect: uuid.rego:4 in rule `id` uses `uuid.rfc4122`
package stella.policy

id := uuid.rfc4122("x")

deny contains id
