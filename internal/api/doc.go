// Package api is Takeup's HTTP API as it goes over the wire: paths, query
// parameters, headers, and the JSON of each request and reply. The server, the
// client, the command line and the tests share it, so that each is defined once.
//
// docs/openapi.yaml describes the same API for people and other programs. The
// tests of package server hold every reply to it, and it to the replies.
//
// The status of a job is a video.State. A pointer is nil, and null in JSON, where
// the thing isn't known or doesn't apply; its comment says which, where that isn't
// obvious. Times are in UTC. Amounts of money are json.Numbers in USD, since a
// float64 would round them.
package api
