package jobs

import (
	"context"
	"errors"
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

// Status returns the view of a job from its item in the table alone. The error is a
// *video.NoEntry if there is no such job, and a *video.ServiceUnavailable if it can't be read
// now.
//
// A job whose execution died seems to be in progress until it is settled. A job whose video was
// removed from the bucket by anyone but Takeup is still completed: File checks that.
func (s *Service) Status(ctx context.Context, id string) (View, error) {
	if !video.ValidID(id) {
		return View{}, &video.NoEntry{ID: id}
	}
	entry, _, err := s.get(ctx, id)
	if err != nil {
		return View{}, err
	}
	return s.viewOf(entry), nil
}

// File is Status for a caller that wants the video's file: it checks that the bucket still has
// the file. A job whose video was removed has the outcome VideoGone.
func (s *Service) File(ctx context.Context, id string) (View, error) {
	v, err := s.Status(ctx, id)
	if err != nil || v.State != video.StateCompleted {
		return v, err
	}
	_, stored, err := s.manifests.Manifest(ctx, id)
	switch {
	case err != nil:
		return View{}, unavailable("reading the manifest", err)
	case !stored:
		v.State, v.Outcome, v.Manifest, v.Redrivable = video.StateFailed, video.NewOutcome(&video.VideoGone{}, v.EndedAt), nil, v.ForgottenAt.IsZero()
	}
	return v, nil
}

// get reads a job. The error is a *video.NoEntry or a *video.ServiceUnavailable.
func (s *Service) get(ctx context.Context, id string) (video.Entry, string, error) {
	entry, version, err := s.table.Get(ctx, id)
	var absent *video.NoEntry
	if err != nil && !errors.As(err, &absent) {
		err = unavailable("reading the job", err)
	}
	return entry, version, err
}

// viewOf returns the view of a whole entry.
func (s *Service) viewOf(entry video.Entry) View {
	brief := video.Brief{}
	if entry.RequestHash != "" {
		brief = entry.Request.Brief()
	}
	v := s.briefView(entry, brief, paid(entry))
	v.History = historyOf(entry)
	if entry.RequestHash != "" {
		v.Request = &entry.Request
	}
	return v
}

// briefView returns the view of a list's entry. The caller says whether the job is paid.
func (s *Service) briefView(entry video.Entry, brief video.Brief, paid video.Paid) View {
	v := View{
		ID: entry.ID, State: entry.State(), Brief: brief, CreatedAt: entry.CreatedAt, Origin: entry.Origin, SubmittedAt: entry.SubmittedAt,
		Discard: !entry.DiscardedAt.IsZero(), Waiting: waitingOf(entry, paid, s.now()), Execution: entry.Execution,
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
