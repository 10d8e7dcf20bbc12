package gather

import (
	"context"
	"time"

	"github.com/takeup/takeup/internal/table/counter"
)

// Counters reads the counters of months, given in the form 2026-08, and those of batches.
type Counters interface {
	Tallies(ctx context.Context, months []string) ([]counter.Tally, error)
	BatchTallies(ctx context.Context, ids []string) ([]counter.Tally, error)
}

// tallies reads the counters of some months and batches.
func (s Sources) tallies(ctx context.Context, months, batches []string) ([]counter.Tally, error) {
	all, err := s.Counters.Tallies(ctx, months)
	if err != nil {
		return nil, err
	}
	of, err := s.Counters.BatchTallies(ctx, batches)
	return append(all, of...), err
}

// monthsOf returns the months between two times, in UTC.
func monthsOf(from, to time.Time) (months []string) {
	from, to = from.UTC(), to.UTC()
	for at := time.Date(from.Year(), from.Month(), 1, 0, 0, 0, 0, time.UTC); !at.After(to); at = at.AddDate(0, 1, 0) {
		months = append(months, at.Format("2006-01"))
	}
	return months
}

// unchanged returns the counters that were not written between two reads, and the names
// of the others. Only unchanged counters can be compared with entries that were read in
// between.
func unchanged(before, after []counter.Tally) (same map[string]counter.Tally, changing map[string]bool) {
	same, changing = map[string]counter.Tally{}, map[string]bool{}
	writes := map[string]int64{}
	for _, t := range before {
		writes[t.Name()] = t.Writes
	}
	for _, t := range after {
		if was, there := writes[t.Name()]; there && was == t.Writes {
			same[t.Name()] = t
		} else {
			changing[t.Name()] = true
		}
	}
	return same, changing
}
