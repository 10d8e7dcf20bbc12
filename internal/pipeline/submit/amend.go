package submit

import (
	"context"
	"time"

	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/video"
)

// amend changes the entry of this invocation's own attempt, and reports whether it did. If
// another writer changed the entry but not the attempt, as a discard does, amend applies the
// change to that version.
func (s *visit) amend(ctx context.Context, entry video.Entry, version string, change func(*video.Entry)) (bool, error) {
	attempt := entry.Attempt
	for range 3 {
		change(&entry)
		_, _, err := s.Jobs.Update(ctx, entry, version)
		if err == nil || video.UnlessConflict(err) != nil {
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

// unanswered records that an attempt whose owner ended without an answer may be charged. It
// clears an outcome from before a redrive, and frees the slot if left is zero. If there is
// nothing to record, and the caller has changed nothing either, it writes nothing.
func (s *visit) unanswered(ctx context.Context, entry video.Entry, version string, left time.Duration, changed bool) (video.Entry, string, error) {
	free := left <= 0 && entry.HoldsSlot()
	if entry.Phase != video.PhaseClaimed && entry.Outcome == nil && !free && !changed {
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

// underWay returns how long an unanswered attempt may keep its slot: until nine in ten videos of
// its model and duration are done. It is 0 if the attempt holds no slot.
func (s *visit) underWay(ctx context.Context, entry video.Entry) time.Duration {
	if !entry.HoldsSlot() {
		return 0
	}
	forecast := s.Timings.Forecast(ctx, entry.Request.Model(), entry.Request.Duration())
	return max(0, entry.ClaimedUntil.Add(forecast.Most()).Sub(s.Now()))
}
