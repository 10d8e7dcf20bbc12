package video

import (
	"time"

	"github.com/takeup/takeup/internal/budget"
)

// counted is how long after its next try a waiting job still counts as waiting. It is
// longer than the retries of a failed try take. When it is over, a job whose execution is
// gone no longer counts.
const counted = 15 * time.Minute

// Line is the number of older jobs that wait for the same room as a job, by limit.
type Line map[string]int

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
	until := next.Add(counted)
	if e.FullOf == limit && (e.CountedUntil.Equal(until) || (limit == budget.LimitInFlight || limit == budget.LimitBatch) && e.CountedUntil.Sub(next) > counted/2) {
		return false
	}
	e.FullOf, e.CountedUntil = limit, until
	return true
}

// Waiter is what other jobs need to know about a job that waits for room.
type Waiter struct {
	Limit        string // the limit it waits for
	Owner        string
	CountedUntil time.Time
}

// soon is how long before its next try a job that waits for money counts as waiting for a
// slot too.
const soon = time.Minute

// Lines counts the older jobs that an owner's job waits behind. A job that waits for money
// sleeps until the limit resets, and needs a slot only then. A job that missed its next try
// isn't counted, and nobody waits behind one that waits for its own batch.
func Lines(older []Waiter, owner string, now time.Time) Line {
	line := Line{}
	for _, w := range older {
		if !w.CountedUntil.After(now) {
			continue
		}
		if w.Limit == budget.LimitBatch {
			continue
		}
		if w.Limit != budget.LimitOwner || w.Owner == owner {
			line[w.Limit]++
		}
		if w.Limit != budget.LimitInFlight && w.CountedUntil.Before(now.Add(counted+soon)) {
			line[budget.LimitInFlight]++
		}
	}
	return line
}
