// Package stack runs Takeup on this machine: the unmodified template, built and deployed by SAM,
// with MiniStack instead of AWS, a simulator instead of the provider, and in front of MiniStack
// the gateway, which answers as AWS does where MiniStack doesn't. `make run` and `make up` start
// it, and the end-to-end tests test it.
//
// MiniStack enforces IAM, so that each function has only the permissions of its own role.
// Callers from outside have all permissions.
//
// The package starts and stops a stack. What is deployed depends only on template.yaml. All
// files of a stack are in one state directory.
package stack
