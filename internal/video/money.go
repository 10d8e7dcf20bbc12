package video

import (
	"slices"
	"time"

	"github.com/takeup/takeup/internal/budget"
)

// Reserve adds money for the entry's attempt, which is claimed now. Released money of
// earlier attempts is dropped, and their slots are freed.
func (e *Entry) Reserve(micros int64, at time.Time) {
	var kept []budget.Money
	for _, m := range e.Money {
		if m.Slot = false; m.State != budget.Released {
			kept = append(kept, m)
		}
	}
	e.Money = append(kept, budget.Money{Attempt: e.Attempt, Day: at.UTC().Format(time.DateOnly), Micros: micros, State: budget.Reserved, Slot: true})
}

// Book sets the state of the money of the entry's attempt. Spent money becomes the amount
// that was charged, or keeps the reserved amount if charged is 0 (not known), and no longer
// changes. Released and failed money changes only to reserved or spent: the provider has
// accepted the attempt after all. Any state but reserved frees the slot.
func (e *Entry) Book(state budget.State, charged int64) { e.BookAttempt(e.Attempt, state, charged) }

// BookAttempt is Book for any attempt of the entry.
func (e *Entry) BookAttempt(attempt int, state budget.State, charged int64) {
	e.book(attempt, state, charged, state == budget.Reserved)
}

// Doubt makes the money of the entry's attempt uncertain, as Book does, but keeps its slot,
// since the provider may be working on it.
func (e *Entry) Doubt() { e.book(e.Attempt, budget.Uncertain, 0, true) }

func (e *Entry) book(attempt int, state budget.State, charged int64, slot bool) {
	e.Money = append([]budget.Money(nil), e.Money...)
	for i := range e.Money {
		m := &e.Money[i]
		free := m.State == budget.Released || m.State == budget.Failed
		if m.Attempt != attempt || m.State == budget.Spent || free && state != budget.Reserved && state != budget.Spent {
			continue
		}
		m.State = state
		if state == budget.Spent && charged > 0 {
			m.Micros = charged
		}
		m.Slot = m.Slot && slot
	}
}

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
