// Package webhooks_test verifies Takeup's webhooks by the published libraries of Standard Webhooks for
// Go, Python and JavaScript, and by the code in docs/webhooks.md.
package webhooks_test
