// Package e2e tests the deployed template end to end, with MiniStack in place of AWS, the
// provider's simulator, and the built functions between them. Nearly everything is in TestTakeup:
// one stack serves all its tests, and the last of them check the logs and the permissions of
// everything that the functions did. TestGrants revokes permissions, so it has a stack of its own.
package e2e
