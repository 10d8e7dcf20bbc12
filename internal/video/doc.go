// Package video is the domain of Takeup: what a user asks for (Request), what becomes of it
// (Job, Entry, Manifest), the models and their parameters (Catalogue), and the outcomes of
// a job (outcomes.go).
//
// Four types say how far something is. Phase is that of a submission, in an entry. State
// is that of a job, for its owner. Status is what the state machine chooses its next step
// by. GenerationState is that of a generation at the provider.
//
// It imports the standard library, internal/budget and internal/text only. Everything else in Takeup speaks in
// its words, so that the provider's wire format and AWS stay at the edges.
package video
