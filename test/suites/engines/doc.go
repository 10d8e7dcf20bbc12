// Package engines tests the table against two third-party engines, MiniStack and moto: both must
// behave as the table expects of DynamoDB's conditions, failures and transactions.
package engines
