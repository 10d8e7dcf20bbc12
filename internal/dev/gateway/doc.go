// Package gateway is a reverse proxy in front of a local stack that adds what AWS has and
// MiniStack lacks. It serves the API at the root of an address, as a custom domain does. It
// answers with the template's gateway responses where API Gateway would. It refuses a request to
// S3 that is authenticated twice.
//
// MiniStack decides what is throttled and who is admitted, by the deployed stage and its
// authorizer. The gateway changes only the bodies and headers of such replies.
package gateway
