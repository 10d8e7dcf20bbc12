package jobs

import (
	"context"
	"errors"
	"time"

	"github.com/takeup/takeup/internal/video"
)

// View is what is known of a job.
type View struct {
	ID    string
	State video.State
	// Request is nil in a list, and where the job was started with something else.
	Request *video.Request
	// Brief is the request as a list has it; zero where there is none.
	Brief     video.Brief
	CreatedAt time.Time
	Origin    video.Origin
	// SubmittedAt is when the provider took it; zero before.
	SubmittedAt time.Time
	EndedAt     time.Time // zero for a job that is queued or generating
	// Manifest is that of a completed job. In a list it is without the request.
	Manifest *video.Manifest
	Outcome  *video.Outcome // of one that ended without a video
	// Discard says that its owner gave its video up.
	Discard bool
	// ForgottenAt is when its owner had its texts cleared; zero where nobody did. Its
	// request and its brief are without them then.
	ForgottenAt time.Time
	// Redrivable says that a redrive may give it a video.
	Redrivable bool
	// Waiting is what it waits for; nil once it has ended.
	Waiting *Waiting
	// History is what happened to it, the oldest first, at most MaxHistory events;
	// nil in a list.
	History []HistoryEvent
	// Execution is the name of the execution that looks after it.
	Execution string
}

// Status says how a job is doing, by its item in the table alone; a *video.NoEntry
// where there is no such job, and a *video.ServiceUnavailable where it can't be
// told now.
//
// A job whose execution died seems to go on until it is settled. One whose video
// was taken out of the bucket by others than Takeup is completed: File looks.
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

// File is Status for a caller that wants the video's file: it checks that the bucket still
// has it. A job whose video was removed has the outcome VideoGone.
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

// get reads a job. Its errors are *video.NoEntry and *video.ServiceUnavailable.
func (s *Service) get(ctx context.Context, id string) (video.Entry, string, error) {
	entry, version, err := s.table.Get(ctx, id)
	var absent *video.NoEntry
	if err != nil && !errors.As(err, &absent) {
		err = unavailable("reading the job", err)
	}
	return entry, version, err
}

// viewOf makes the view of a whole entry.
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

// briefView makes the view of a list's entry; the caller says whether it is paid.
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
		v.Discard = false // which the redrive reverts
	}
	return v
}
