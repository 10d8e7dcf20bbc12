package video

import (
	"time"

	"github.com/takeup/takeup/internal/budget"
)

// TurnAt returns the time that orders the entry among the jobs that wait for room, if it
// begins to wait now: that of its creation, or of the redrive that resumed it. It stays the
// same for as long as the job runs, also after a retry or a refusal by the provider.
func (e Entry) TurnAt(now time.Time) time.Time {
	switch {
	case e.Outcome != nil, e.Turn.IsZero() && e.Redrives > 0:
		return now
	case e.Turn.IsZero():
		return e.CreatedAt
	}
	return e.Turn
}

// BeginWaiting marks the entry as waiting for room from now on, and reports whether that
// changed it. An earlier outcome is cleared.
func (e *Entry) BeginWaiting(now time.Time) bool {
	if !e.FullSince.IsZero() && e.Outcome == nil {
		return false
	}
	e.Turn = e.TurnAt(now)
	e.FullSince, e.FullOf, e.PausedSince, e.Outcome = now, "", time.Time{}, nil
	return true
}

// WaitsFor counts the entry as waiting for a limit until some time after its next try. It
// reports whether the entry has to be written for that, which is rare while a job keeps
// trying for a slot.
func (e *Entry) WaitsFor(limit string, next time.Time) bool {
	until := next.Add(budget.Counted)
	if e.FullOf == limit && (e.CountedUntil.Equal(until) || (limit == budget.LimitInFlight || limit == budget.LimitBatch) && e.CountedUntil.Sub(next) > budget.Counted/2) {
		return false
	}
	e.FullOf, e.CountedUntil = limit, until
	return true
}
