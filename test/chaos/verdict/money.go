package verdict

import (
	"context"

	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/provider/aimlapi"
	"github.com/takeup/takeup/internal/table/counter"
	"github.com/takeup/takeup/test/chaos/world"
)

// checkMoney: when all jobs have ended, nothing is reserved or in flight, and the counters are
// the sums of the items.
func checkMoney(ctx context.Context, w *world.World, r *Result) error {
	days, months := map[string]int64{}, map[string]counter.Sums{}
	for _, j := range w.Jobs {
		entry, err := w.Entry(ctx, j.ID)
		if err != nil {
			return err
		}
		if entry == nil {
			continue
		}
		for _, m := range entry.Money {
			sum := months[m.Month()]
			switch m.State {
			case budget.Reserved:
				sum.Reserved += m.Micros
			case budget.Spent:
				sum.Spent += m.Micros
			case budget.Uncertain:
				sum.Uncertain += m.Micros
			}
			if m.Slot {
				sum.InFlight++
			}
			sum.Held = sum.Reserved + sum.Spent + sum.Uncertain
			months[m.Month()] = sum
			days[m.Day] += m.Held()
			if m.State == budget.Reserved || m.Slot {
				r.add(leaked, j, "it has ended, and attempt %d is %s, with a slot: %v", m.Attempt, m.State, m.Slot)
			}
		}
	}
	for month, want := range months {
		got, err := w.Table.Month(ctx, month)
		if err != nil {
			return err
		}
		if got != want {
			r.add(leaked, nil, "%s counts %+v, and its items %+v", month, got, want)
		}
		r.money.Reserved += got.Reserved
		r.money.Spent += got.Spent
		r.money.Uncertain += got.Uncertain
	}
	for day, want := range days {
		got, err := w.Table.Day(ctx, day)
		if err != nil {
			return err
		}
		if got != want {
			r.add(leaked, nil, "%s holds %d, and its items %d", day, got, want)
		}
	}
	r.charged = aimlapi.MicrosOfCredits(w.Provider.Server.Ledger().ChargedCredits)
	r.account = w.Account
	return nil
}
