// Package view shows a job to people: its state, what it waits for, and its history, all from its
// item in the table alone.
package view

import (
	"time"

	"github.com/takeup/takeup/internal/video"
)

// View is a job as callers see it.
type View struct {
	ID    string
	State video.State
	// Request is nil in a list, and for a job that was not started with a request.
	Request *video.Request
	// Brief is the request as a list shows it, or zero if there is none.
	Brief     video.Brief
	CreatedAt time.Time
	Origin    video.Origin
	// SubmittedAt is when the provider accepted it, or zero.
	SubmittedAt time.Time
	EndedAt     time.Time // zero while the job is queued or generating
	// Manifest is the manifest of a completed job. In a list it has no request.
	Manifest *video.Manifest
	Outcome  *video.Outcome // of a job that ended without a video
	// Discard means that its owner gave up its video.
	Discard bool
	// ForgottenAt is when its owner had its texts cleared, or zero. The request and the brief
	// then have no texts.
	ForgottenAt time.Time
	// Redrivable means that a redrive may give it a video.
	Redrivable bool
	// Waiting is what it waits for, or nil once it has ended.
	Waiting *Waiting
	// History is the job's events, oldest first, at most MaxHistory of them. It is nil in a
	// list.
	History []HistoryEvent
	// Execution is the name of the job's execution.
	Execution string
}

// Locator returns the locator of the job's objects.
func (v View) Locator() video.Locator { return video.Locator{ID: v.ID, CreatedAt: v.CreatedAt} }

// Of returns the view of a whole entry.
func Of(entry video.Entry, now time.Time) View {
	brief := video.Brief{}
	if entry.RequestHash != "" {
		brief = entry.Request.Brief()
	}
	v := OfListed(entry, brief, entry.Paid(), now)
	v.History = historyOf(entry)
	if entry.RequestHash != "" {
		v.Request = &entry.Request
	}
	return v
}

// OfListed returns the view of a list's entry. The caller says whether the job is paid.
func OfListed(entry video.Entry, brief video.Brief, paid video.Paid, now time.Time) View {
	v := View{
		ID: entry.ID, State: entry.State(), Brief: brief, CreatedAt: entry.CreatedAt, Origin: entry.Origin, SubmittedAt: entry.SubmittedAt,
		Discard: !entry.DiscardedAt.IsZero(), Waiting: WaitingOf(entry, paid, now), Execution: entry.Execution,
		ForgottenAt: entry.ForgottenAt,
	}
	switch {
	case v.State == video.StateCompleted:
		v.Manifest, v.EndedAt = entry.Manifest, entry.Manifest.StoredAt
	case entry.Over():
		v.Outcome, v.EndedAt = entry.Outcome, entry.Outcome.At
		v.Redrivable = brief.Model != "" && !entry.Outcome.Final() && entry.ForgottenAt.IsZero()
	case v.State == video.StateDiscarded: // its video is being removed
		v.Outcome, v.EndedAt = video.NewOutcome(&video.Discarded{GenerationID: entry.GenerationID, Micros: entry.Manifest.ChargedMicros}, entry.DiscardedAt), entry.DiscardedAt
	case entry.Outcome != nil && entry.Outcome.Chosen():
		v.Discard = false // the redrive reverts it
	}
	return v
}
