// Package transform tests what CloudFormation gets: the template after SAM's transform, with the
// roles and permissions that SAM adds.
package transform
