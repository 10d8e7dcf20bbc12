package budget

import (
	"cmp"
	"fmt"
	"time"
)

// The names of the limits, as in NoRoom and in FullOf of video.Entry. LimitOwner limits the
// jobs of one token's owner, and LimitBatch those of one batch in flight; other jobs don't wait
// for them.
const (
	LimitDay      = "day"
	LimitMonth    = "month"
	LimitInFlight = "in_flight"
	LimitOwner    = "owner"
	LimitBatch    = "batch"
)

// Command returns the command that sets the cap of a limit, without the cap itself. The owner's name
// may be "", for people who have to fill it in.
func Command(limit, owner string) string {
	switch limit {
	case LimitInFlight:
		return "takeup caps set --max-in-flight"
	case LimitOwner:
		return "takeup caps set --owner " + cmp.Or(owner, "NAME") + " --max-usd-per-day"
	}
	return "takeup caps set --max-usd-per-" + limit
}

// Limits bound a claim. Zero means no limit.
type Limits struct {
	DayMicros   int64 // micro-dollars
	MonthMicros int64
	InFlight    int64
	// OwnerDayMicros is DayMicros for the jobs of the entry's owner alone.
	OwnerDayMicros int64
	// BatchInFlight is InFlight for the jobs of the entry's batch alone.
	BatchInFlight int64
}

// NoRoom says that a claim would exceed a limit. Nothing was written.
type NoRoom struct {
	Limit string    // LimitDay, LimitMonth, LimitOwner (of the owner's day), LimitInFlight or LimitBatch
	Held  int64     // what counts against the limit: micro-dollars, or attempts
	Of    int64     // the limit
	Price int64     // of the claim, in micro-dollars; 0 for a limit on attempts
	Until time.Time // when the limit resets; zero for a limit on attempts
	Ends  time.Time // when another limit replaces it; zero if that isn't known
	Ahead int       // older jobs that wait for the same limit and are claimed first
}

// Attempts reports whether it is a limit on attempts in flight, and not on money.
func (e *NoRoom) Attempts() bool { return e.Limit == LimitInFlight || e.Limit == LimitBatch }

// Dear reports whether the claim costs more than the limit.
func (e *NoRoom) Dear() bool { return !e.Attempts() && e.Price > e.Of }

// Reached reports whether it is a cap on money that would have room for the claim if less was held
// below it.
func (e *NoRoom) Reached() bool { return !e.Attempts() && !e.Dear() }

// Lasts reports whether there will be no room before end: the claim costs more than the
// limit, or the month has no room and ends later.
func (e *NoRoom) Lasts(end time.Time) bool {
	if !e.Ends.IsZero() && !e.Ends.After(end) {
		return false
	}
	return e.Dear() || e.Limit == LimitMonth && e.Held+e.Price > e.Of && e.Until.After(end)
}

func (e *NoRoom) Error() string {
	usd := func(micros int64) float64 { return float64(micros) / 1e6 }
	limit := fmt.Sprintf("the %s's %.2f USD", e.Limit, usd(e.Of))
	if e.Limit == LimitOwner {
		limit = fmt.Sprintf("the token's %.2f USD a day", usd(e.Of))
	}
	if e.Dear() {
		return fmt.Sprintf("the video may cost %.2f USD, which is more than %s", usd(e.Price), limit)
	}
	said := fmt.Sprintf("%.2f of %s are spent, reserved or uncertain", usd(e.Held), limit)
	if e.Attempts() {
		said = fmt.Sprintf("%d of at most %d videos are in flight", e.Held, e.Of)
	}
	if e.Limit == LimitBatch {
		said = fmt.Sprintf("%d of at most %d videos of its batch are in flight", e.Held, e.Of)
	}
	if e.Ahead > 0 {
		said += fmt.Sprintf("; %d older jobs wait for the same", e.Ahead)
	}
	return said
}
