package budget

import "time"

// Reserve returns the money of a job with that of an attempt, which is claimed now. Released
// money of earlier attempts is dropped, and their slots are freed.
func Reserve(all []Money, attempt int, micros int64, at time.Time) []Money {
	var kept []Money
	for _, m := range all {
		if m.Slot = false; m.State != Released {
			kept = append(kept, m)
		}
	}
	return append(kept, Money{Attempt: attempt, Day: at.UTC().Format(time.DateOnly), Micros: micros, State: Reserved, Slot: true})
}

// Book returns the money of a job with the state of an attempt's set. Spent money becomes the
// amount that was charged, or keeps the reserved amount if charged is 0 (not known), and no longer
// changes. Released and failed money changes only to reserved or spent: the provider has accepted
// the attempt after all. Unless slot is set, the attempt's slot is freed.
func Book(all []Money, attempt int, state State, charged int64, slot bool) []Money {
	all = append([]Money(nil), all...)
	for i := range all {
		m := &all[i]
		free := m.State == Released || m.State == Failed
		if m.Attempt != attempt || m.State == Spent || free && state != Reserved && state != Spent {
			continue
		}
		m.State = state
		if state == Spent && charged > 0 {
			m.Micros = charged
		}
		m.Slot = m.Slot && slot
	}
	return all
}
