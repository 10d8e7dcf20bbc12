// Package video is the domain of Takeup: what a user asks for (Request), the job that it
// becomes (Job, Entry, Manifest), and the outcomes of a job (outcomes.go).
//
// Four types describe progress. Phase is that of a submission, in an entry. State is that
// of a job, for its owner. Status is what the state machine bases its choices on.
// GenerationState is that of a generation at the provider.
//
// What a request consists of is in package fields, and what the steps report of a job for people
// to read in package report. This package imports them, internal/budget, internal/text and the
// standard library only. The rest of Takeup uses its types, so that the provider's wire format
// and AWS stay at the edges.
package video
