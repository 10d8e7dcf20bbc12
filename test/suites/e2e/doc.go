// Package e2e tests the deployed template end to end, with MiniStack in place of AWS, the
// provider's simulator, and the built functions between them. Everything is in TestTakeup: one
// stack serves all tests, and the last of them check the logs and the permissions of everything
// that the functions did.
package e2e
