// Package server is the HTTP API: the provider's two paths, with its request, reply
// and error shapes, so that a client written for the provider works here with
// another base URL and key. Behind the paths are jobs: an id is a job's id, and a
// video's URL is one of the videos bucket.
package server
