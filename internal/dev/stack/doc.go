// Package stack runs Takeup on this machine: MiniStack in the place of AWS,
// a stand-in in the place of the provider, between them the unmodified template,
// built and deployed by SAM, and before it all the gateway, which answers people as
// AWS does where MiniStack doesn't. It is what `make run` and `make up` start
// and what the end-to-end tests test.
//
// MiniStack enforces IAM, so that each function has the rights of its own role and
// no others. Its own callers have all rights.
//
// It starts and stops; what is deployed is decided by template.yaml alone. All
// that it writes is under one state directory.
package stack
