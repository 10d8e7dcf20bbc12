package pipeline

import (
	"context"
	"errors"
	"time"

	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/video"
)

// amend changes the entry of this invocation's own attempt, and reports whether it did. If
// another writer has changed the entry and not the attempt, as a discard does, amend changes
// that version.
func (s *visit) amend(ctx context.Context, entry video.Entry, version string, change func(*video.Entry)) (bool, error) {
	attempt := entry.Attempt
	for range 3 {
		change(&entry)
		_, _, err := s.Jobs.Update(ctx, entry, version)
		if err == nil || unlessConflict(err) != nil {
			return err == nil, err
		}
		if entry, version, err = s.Jobs.Get(ctx, entry.ID); err != nil {
			return false, err
		}
		if entry.Attempt != attempt || entry.Phase != video.PhaseClaimed {
			return false, nil
		}
	}
	return false, nil
}

// unanswered records that an attempt, whose owner ended without an answer, may be charged. It
// takes back the outcome from before a redrive, and frees the slot of an attempt that has no
// time left. If there is nothing to record, the entry stays as it is.
func (s *visit) unanswered(ctx context.Context, entry video.Entry, version string, left time.Duration) (video.Entry, string, error) {
	free := left <= 0 && entry.HoldsSlot()
	if entry.Phase != video.PhaseClaimed && entry.Outcome == nil && !free {
		return entry, version, nil
	}
	entry.Phase, entry.Outcome = video.PhaseUnanswered, nil
	if free {
		entry.Book(budget.Uncertain, 0)
	} else {
		entry.Doubt()
	}
	return s.Jobs.Update(ctx, entry, version)
}

// underWay is how long the provider may still be working on an unanswered attempt that holds
// a slot: until nine in ten videos of its model and duration are done. Without a slot it is 0.
func (s *visit) underWay(ctx context.Context, entry video.Entry) time.Duration {
	if !entry.HoldsSlot() {
		return 0
	}
	forecast := s.Timings.Forecast(ctx, entry.Request.Model(), entry.Request.Duration())
	return max(0, entry.ClaimedUntil.Add(forecast.Most()).Sub(s.Now()))
}

// unlessConflict gives nil for a *video.Conflict, after which the entry is read again.
func unlessConflict(err error) error {
	var conflict *video.Conflict
	if errors.As(err, &conflict) {
		return nil
	}
	return err
}
