package gather

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/table/counter"
)

// Charged reads the facts about what the provider charged in a period: its records, and of the jobs
// those that IDs lists and those that the records name. With a Recent as IDs it can be called often,
// whatever the table holds. It leaves out the buckets, the prompt files and the counters: whether a
// video is stored is taken from the job. A charge whose job the logs don't name may be that of a job
// that was not read.
//
// It doesn't use the Contents, Counters, Batches and Objects of the sources. Its errors are those of
// Gather.
func (s Sources) Charged(ctx context.Context, from, to time.Time) (Facts, error) {
	f := Facts{From: from, To: to, Manifests: map[string]string{}, Videos: map[string]bool{}, Charged: map[string]bool{}, Changing: map[string]bool{}, Candidates: map[string]string{}}
	var err error
	if f.Prices, _, err = s.Prices.PriceList(ctx); err != nil {
		return f, err
	}
	if err := s.current(ctx, &f); err != nil {
		return f, err
	}
	recent, err := s.IDs.IDs(ctx)
	if err != nil {
		return f, err
	}
	if f.Entries, err = s.entries(ctx, f.named(recent)); err != nil {
		return f, err
	}
	// The records of older keys name further jobs.
	if err := s.older(ctx, &f); err != nil {
		return f, err
	}
	more, err := s.entries(ctx, f.named(nil))
	if err != nil {
		return f, err
	}
	maps.Copy(f.Entries, more)
	for id, entry := range f.Entries {
		if entry.Manifest != nil {
			f.Manifests[id], f.Videos[id] = "", true
		}
	}
	if err := s.lookAgain(ctx, &f); err != nil {
		return f, err
	}
	for _, t := range counter.RecountBatches(f.Entries) {
		f.Changing[t.Name()] = true // it was not read
	}
	return f, nil
}

// named returns some jobs, and those that the provider's records name and that were not read.
func (f Facts) named(some []string) []string {
	ids := map[string]bool{}
	for _, id := range some {
		ids[id] = true
	}
	payments, _ := f.Payments()
	for _, p := range payments {
		if _, read := f.Entries[p.Client]; p.Client != "" && !read {
			ids[p.Client] = true
		}
	}
	return slices.Sorted(maps.Keys(ids))
}

// Recent lists the jobs that were created since some time ago. It implements IDs. Its table is
// eventually consistent: a job that was just created may be missing.
type Recent struct {
	Table interface {
		List(ctx context.Context, q table.Query) (jobs []table.Listed, next string, err error)
	}
	Since time.Duration
	Now   func() time.Time
}

// IDs implements IDs.
func (r Recent) IDs(ctx context.Context) (ids []string, err error) {
	now := r.Now()
	q := table.Query{After: table.PlaceBefore(now.Add(-r.Since)), Before: table.PlaceAfter(now), Limit: 500}
	for q.Before != "" {
		jobs, next, err := r.Table.List(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, j := range jobs {
			ids = append(ids, j.Entry.ID)
		}
		q.Before = next
	}
	return ids, nil
}
