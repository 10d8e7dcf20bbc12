package budget

import "time"

// Counted is how long after its next try a waiting job still counts as waiting. It is
// longer than the retries of a failed try take. When it is over, a job whose execution is
// gone no longer counts.
const Counted = 15 * time.Minute

// Line is the number of older jobs that wait for the same room as a job, by limit.
type Line map[string]int

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
		if w.Limit == LimitBatch {
			continue
		}
		if w.Limit != LimitOwner || w.Owner == owner {
			line[w.Limit]++
		}
		if w.Limit != LimitInFlight && w.CountedUntil.Before(now.Add(Counted+soon)) {
			line[LimitInFlight]++
		}
	}
	return line
}
