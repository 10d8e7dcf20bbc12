// Package stack runs Takeup on this machine: the unmodified template, built and deployed
// by SAM, with MiniStack instead of AWS, a simulator instead of the provider, and in front
// of it the gateway, which answers as AWS does where MiniStack doesn't. It is what `make
// run` and `make up` start, and what the end-to-end tests test.
//
// MiniStack enforces IAM, so that each function has only the permissions of its own role.
// Callers from outside have all permissions.
//
// The package starts and stops a stack; what is deployed is up to template.yaml alone. All
// its files are in one state directory.
package stack
