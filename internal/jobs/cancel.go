package jobs

import (
	"context"
	"errors"
	"time"

	"github.com/takeup/takeup/internal/jobs/view"
	"github.com/takeup/takeup/internal/video"
)

// NotCancelled is the error for a job that was not cancelled. Nothing was changed.
type NotCancelled struct {
	ID, Reason string
	State      video.State
	// Discardable means that the job can be cancelled by discarding its video, which is or may
	// be paid.
	Discardable bool
	// RetryAfter is when to ask again, or 0 if waiting doesn't help.
	RetryAfter time.Duration
}

func (e *NotCancelled) Error() string { return "job " + e.ID + " was not cancelled: " + e.Reason }

// Cancel ends a job that was not submitted, so that it is never paid. For a job that was or may
// have been submitted it returns a *NotCancelled, unless discard is set. Then the video is given
// up: a stored one is removed, and one that is not stored yet never will be. A job that was
// cancelled or discarded before stays so, without an error. For a job with any other outcome
// Cancel returns a *NotCancelled.
//
// The error is a *video.NoEntry if there is no such job, and a *video.ServiceUnavailable if it
// isn't known whether the job was cancelled. Cancel is idempotent.
//
// The table decides between submitting and cancelling: each is a write that is conditional on
// the version that was read.
func (s *Service) Cancel(ctx context.Context, id string, discard bool) (view.View, error) {
	for range turns {
		entry, version, err := s.get(ctx, id)
		if err != nil {
			return view.View{}, err
		}
		entry, err = s.cancel(ctx, entry, version, discard)
		var conflict *video.Conflict
		switch {
		case errors.As(err, &conflict):
		case err != nil:
			return view.View{}, err
		default:
			return view.Of(entry, s.now()), nil
		}
	}
	return view.View{}, changing("cancelling the job")
}

// cancel ends the job as it was read. It returns a *video.Conflict if the job has changed since.
func (s *Service) cancel(ctx context.Context, entry video.Entry, version string, discard bool) (video.Entry, error) {
	no := NotCancelled{ID: entry.ID, State: entry.State(), Discardable: true}
	switch state := entry.State(); {
	case state == video.StateCancelled, state == video.StateDiscarded && entry.Over():
		return entry, nil
	case state == video.StateDiscarded:
		return s.remove(ctx, entry) // resumes an earlier call that failed
	case state == video.StateFailed:
		return entry, &NotCancelled{ID: entry.ID, State: state, Reason: "it ended with " + entry.Outcome.Name + ", so there is nothing to cancel; " + said(entry.Outcome.Paid())}
	case state == video.StateCompleted && discard:
	case state == video.StateCompleted:
		no.Reason = "its video is paid and stored; to remove it from the bucket for good, discard it"
		return entry, &no
	case entry.Phase == "", entry.Phase == video.PhaseRefused:
		entry.End(&video.Cancelled{}, s.now())
		entry, _, err := s.table.Update(ctx, entry, version)
		return entry, err
	case discard:
	case entry.Phase == video.PhaseAccepted && !entry.DiscardedAt.IsZero():
		no.Reason = "its video was given up before; the provider has accepted it and will charge for it all the same"
		return entry, &no
	case entry.Phase == video.PhaseAccepted:
		no.Reason = "the provider has accepted it and will charge for it, and its video will be stored; to give the paid video up, discard it"
		return entry, &no
	case entry.Phase == video.PhaseClaimed && s.now().Before(entry.ClaimedUntil):
		no.RetryAfter = entry.ClaimedUntil.Sub(s.now())
		no.Reason = "it is being submitted at this moment, and may be charged; ask again, or discard it"
		return entry, &no
	default:
		no.Reason = "it was submitted, and the provider has not answered: it may have been charged, and is being looked up; to give its video up, discard it"
		return entry, &no
	}

	redriven := entry.Outcome != nil && entry.Outcome.Chosen() // the redrive reverted an earlier discard
	if entry.DiscardedAt.IsZero() || redriven {
		entry.DiscardedAt = s.now()
		if redriven {
			entry.Outcome = nil
		}
		var err error
		if entry, _, err = s.table.Update(ctx, entry, version); err != nil {
			return entry, err
		}
	}
	if entry.Manifest != nil {
		return s.remove(ctx, entry)
	}
	// A Store that did not see the discard has written its manifest already, or reads the table
	// after it writes it.
	_, stored, err := s.manifests.Manifest(ctx, entry.Locator())
	switch {
	case err != nil:
		return entry, video.Unavailable("reading the manifest", err)
	case stored:
		return s.remove(ctx, entry)
	}
	return entry, nil
}

// said says whether a job that ended costs money, as part of a sentence.
func said(paid video.Paid) string {
	return map[video.Paid]string{video.PaidNo: "nothing was paid", video.PaidYes: "it is paid", video.PaidPerhaps: "it may have been charged"}[paid]
}

// remove removes the stored video of a job that is marked as discarded, and records that
// outcome.
func (s *Service) remove(ctx context.Context, entry video.Entry) (video.Entry, error) {
	manifest, stored, err := s.manifests.Manifest(ctx, entry.Locator())
	if err != nil {
		return entry, video.Unavailable("reading the manifest", err)
	}
	if !stored && entry.Manifest != nil {
		manifest = *entry.Manifest // the video was removed by an earlier call, or by its owner
	}
	if err := s.manifests.Remove(ctx, entry.Locator()); err != nil {
		return entry, video.Unavailable("removing the video", err)
	}
	entry, version, err := s.get(ctx, entry.ID)
	if err != nil {
		return entry, err
	}
	if entry.Over() && entry.Outcome.Chosen() {
		return entry, nil // recorded by the Store that stored the video
	}
	entry.End(&video.Discarded{GenerationID: entry.GenerationID, Micros: manifest.ChargedMicros}, s.now())
	entry.Manifest = nil
	entry, _, err = s.table.Update(ctx, entry, version)
	return entry, err
}
