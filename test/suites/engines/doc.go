// Package engines holds the table to two engines that others wrote, MiniStack and
// moto: what it relies on in DynamoDB's conditions, failures and transactions is
// what both do.
package engines
