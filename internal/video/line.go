package video

import (
	"time"

	"github.com/takeup/takeup/internal/budget"
)

// counted is how long after its next look a waiting job still counts among those that
// wait. It outlasts the retries of a look that fails. A job whose execution died counts
// no longer then.
const counted = 15 * time.Minute

// Line is how many older jobs wait for the same room as a job, by the limit.
type Line map[string]int

// TurnAt is what the order is by in which the entry gets room, should it want some now:
// its creation, or the redrive that took back how it ended. It stays while the job goes
// on, also where it is tried sooner, or the provider refuses what was claimed.
func (e Entry) TurnAt(now time.Time) time.Time {
	switch {
	case e.Outcome != nil, e.Turn.IsZero() && e.Redrives > 0:
		return now
	case e.Turn.IsZero():
		return e.CreatedAt
	}
	return e.Turn
}

// BeginWaiting has the entry wait for room from now on, unless it does already, and
// reports whether that changed it. How it ended before is over.
func (e *Entry) BeginWaiting(now time.Time) bool {
	if !e.FullSince.IsZero() && e.Outcome == nil {
		return false
	}
	e.Turn = e.TurnAt(now)
	e.FullSince, e.FullOf, e.PausedSince, e.Outcome = now, "", time.Time{}, nil
	return true
}

// WaitsFor has the entry count among those that wait for a limit until it has looked for
// room again, at next, and some time longer. It reports whether the entry is to be
// written for it: while a job looks for a slot again and again, rarely.
func (e *Entry) WaitsFor(limit string, next time.Time) bool {
	until := next.Add(counted)
	if e.FullOf == limit && (e.CountedUntil.Equal(until) || limit == budget.LimitInFlight && e.CountedUntil.Sub(next) > counted/2) {
		return false
	}
	e.FullOf, e.CountedUntil = limit, until
	return true
}

// Waiter is a job that waits for room, as others see it.
type Waiter struct {
	Limit        string // that it waits for
	Owner        string
	CountedUntil time.Time
}

// soon is how long before it looks again a job that waits for money counts among those
// that wait for a slot.
const soon = time.Minute

// Lines counts the older jobs that a job of an owner waits behind. One that waits for
// money sleeps until the limit begins anew, and wants a slot only then. One that has not
// looked for room when it was due is left out.
func Lines(older []Waiter, owner string, now time.Time) Line {
	line := Line{}
	for _, w := range older {
		if !w.CountedUntil.After(now) {
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
