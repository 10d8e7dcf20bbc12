// Package gateway stands before a local stack and does what AWS does there and
// MiniStack doesn't: it serves the API at the root of an address, as a custom
// domain does, and answers in API Gateway's place by the template's gateway
// responses; and it refuses a request to S3 that is authenticated twice.
//
// What is throttled, and who is let in, is decided by MiniStack, from the deployed
// stage and its authorizer. The gateway changes the words alone.
package gateway
