package video

import (
	"slices"
	"time"

	"github.com/takeup/takeup/internal/budget"
)

// Reserve adds money for the entry's attempt, which is claimed now, as budget.Reserve does.
func (e *Entry) Reserve(micros int64, at time.Time) {
	e.Money = budget.Reserve(e.Money, e.Attempt, micros, at)
}

// Book sets the state of the money of the entry's attempt, as budget.Book does. Any state but
// reserved frees the slot.
func (e *Entry) Book(state budget.State, charged int64) { e.BookAttempt(e.Attempt, state, charged) }

// BookAttempt is Book for any attempt of the entry.
func (e *Entry) BookAttempt(attempt int, state budget.State, charged int64) {
	e.Money = budget.Book(e.Money, attempt, state, charged, state == budget.Reserved)
}

// Doubt makes the money of the entry's attempt uncertain, as Book does, but keeps its slot,
// since the provider may be working on it.
func (e *Entry) Doubt() { e.Money = budget.Book(e.Money, e.Attempt, budget.Uncertain, 0, true) }

// HoldsSlot reports whether the entry's attempt counts as in flight.
func (e Entry) HoldsSlot() bool {
	return slices.ContainsFunc(e.Money, func(m budget.Money) bool { return m.Attempt == e.Attempt && m.Slot })
}

// Paid says whether the job costs money, by the phase of its submission.
func (e Entry) Paid() Paid {
	switch e.Phase {
	case "", PhaseRefused:
		return PaidNo
	case PhaseAccepted:
		return PaidYes
	}
	return PaidPerhaps
}
