// Package server is the HTTP API as an http.Handler. It answers the paths of package
// api, refuses what is wrong in a request and says how to fix it, and turns what the
// packages behind it know into the wire types. docs/openapi.yaml describes every
// reply.
//
// The paths of AI/ML API that it answers too are in aimlapi.go alone.
package server
