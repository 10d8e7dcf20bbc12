// Package video is the domain of Takeup: what a person asks for (Request), what
// becomes of it (Job, Entry, Manifest), which models there are and what they
// take (Catalogue), and the outcomes that a job can have (outcomes.go).
//
// It imports the standard library, internal/budget and internal/text only. Everything else in Takeup speaks in
// its words, so that the provider's wire format and AWS stay at the edges.
package video
