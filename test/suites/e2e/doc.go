// Package e2e tests the deployed template from end to end: MiniStack in the place
// of AWS, the provider's simulator, and the built functions between them. All of it
// is in TestTakeup, since one stack serves all tests, and what they made the
// functions do is what the last of them hold the logs and the permissions against.
package e2e
