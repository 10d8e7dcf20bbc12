package video

import (
	"fmt"
	"slices"
	"time"
)

// MoneyState is what became of the money of an attempt.
type MoneyState string

// Money is reserved by a claim. What is released or failed costs nothing; the other
// states count against the caps.
const (
	MoneyReserved  MoneyState = "reserved"  // the attempt may be charged, or will be
	MoneySpent     MoneyState = "spent"     // the generation is done, and charged
	MoneyUncertain MoneyState = "uncertain" // it isn't known whether it was charged
	MoneyReleased  MoneyState = "released"  // it was certainly not charged
	MoneyFailed    MoneyState = "failed"    // neither, and the job ended by it
)

// Money is what an attempt costs. Its day is that of the claim, in UTC, and stays: the
// counters that it is in are that day's, and its month's.
type Money struct {
	Attempt int        `json:"attempt"`
	Day     string     `json:"day"`    // as 2026-08-21
	Micros  int64      `json:"micros"` // micro-dollars
	State   MoneyState `json:"state"`
	// Slot says that it counts among the attempts in flight.
	Slot bool `json:"slot"`
}

// Month is the month of the claim, as 2026-08.
func (m Money) Month() string { return m.Day[:len("2006-01")] }

// Held is what counts against the caps, in micro-dollars: nothing once it is certain that
// the attempt was not charged.
func (m Money) Held() int64 {
	if m.State == MoneyReleased || m.State == MoneyFailed {
		return 0
	}
	return m.Micros
}

// Limits are what a claim must keep to. A zero is no limit.
type Limits struct {
	DayMicros   int64 // micro-dollars
	MonthMicros int64
	InFlight    int64
	// OwnerDayMicros is DayMicros for the jobs of the entry's owner alone.
	OwnerDayMicros int64
}

// Reserve makes the money of the entry's attempt, which is claimed now, part of it.
// What was released of earlier attempts goes, and their slots are freed.
func (e *Entry) Reserve(micros int64, at time.Time) {
	var kept []Money
	for _, m := range e.Money {
		if m.Slot = false; m.State != MoneyReleased {
			kept = append(kept, m)
		}
	}
	e.Money = append(kept, Money{Attempt: e.Attempt, Day: at.UTC().Format(time.DateOnly), Micros: micros, State: MoneyReserved, Slot: true})
}

// Book changes what became of the money of the entry's attempt. Spent money is as much
// as was charged, or what was reserved where that isn't known (0), and stays so.
// Released and failed money is changed by what shows that the provider has accepted the
// attempt after all, and by no doubt. A slot is freed by what is no longer reserved.
func (e *Entry) Book(state MoneyState, charged int64) { e.BookAttempt(e.Attempt, state, charged) }

// BookAttempt is Book for another attempt of the entry.
func (e *Entry) BookAttempt(attempt int, state MoneyState, charged int64) {
	e.book(attempt, state, charged, state == MoneyReserved)
}

// Doubt has the money of the entry's attempt be uncertain, as Book does, and leaves it
// its slot: the provider may be at work on it.
func (e *Entry) Doubt() { e.book(e.Attempt, MoneyUncertain, 0, true) }

func (e *Entry) book(attempt int, state MoneyState, charged int64, slot bool) {
	e.Money = append([]Money(nil), e.Money...)
	for i := range e.Money {
		m := &e.Money[i]
		free := m.State == MoneyReleased || m.State == MoneyFailed
		if m.Attempt != attempt || m.State == MoneySpent || free && state != MoneyReserved && state != MoneySpent {
			continue
		}
		m.State = state
		if state == MoneySpent && charged > 0 {
			m.Micros = charged
		}
		m.Slot = m.Slot && slot
	}
}

// HoldsSlot reports whether the entry's attempt counts among those in flight.
func (e Entry) HoldsSlot() bool {
	return slices.ContainsFunc(e.Money, func(m Money) bool { return m.Attempt == e.Attempt && m.Slot })
}

// NoRoom says that a claim would exceed a limit. Nothing was written.
type NoRoom struct {
	Limit string    // which: LimitDay, LimitMonth, LimitOwner (of the owner's day) or LimitInFlight
	Held  int64     // by all that counts against it: micro-dollars, or attempts
	Of    int64     // the limit
	Price int64     // of the claim, in micro-dollars; 0 for in_flight
	Until time.Time // when the limit begins anew; zero for in_flight
	Ends  time.Time // when another limit takes its place; zero where that isn't known
	Ahead int       // older jobs that wait for the same, and are to be claimed first
}

// Lasts reports whether there is no room until that time: the claim costs more than the
// limit, or the month has no room and begins anew only later.
func (e *NoRoom) Lasts(end time.Time) bool {
	if !e.Ends.IsZero() && !e.Ends.After(end) {
		return false
	}
	return e.Limit != LimitInFlight && e.Price > e.Of || e.Limit == LimitMonth && e.Held+e.Price > e.Of && e.Until.After(end)
}

func (e *NoRoom) Error() string {
	usd := func(micros int64) float64 { return float64(micros) / 1e6 }
	limit := fmt.Sprintf("the %s's %.2f USD", e.Limit, usd(e.Of))
	if e.Limit == LimitOwner {
		limit = fmt.Sprintf("the token's %.2f USD a day", usd(e.Of))
	}
	if e.Limit != LimitInFlight && e.Price > e.Of {
		return fmt.Sprintf("the video may cost %.2f USD, which is more than %s", usd(e.Price), limit)
	}
	said := fmt.Sprintf("%.2f of %s are spent, reserved or uncertain", usd(e.Held), limit)
	if e.Limit == LimitInFlight {
		said = fmt.Sprintf("%d of at most %d videos are under way", e.Held, e.Of)
	}
	if e.Ahead > 0 {
		said += fmt.Sprintf("; %d older jobs wait for the same", e.Ahead)
	}
	return said
}
