package gather

import (
	"context"
	"maps"
	"slices"

	batch "github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/video"
)

// Batches lists the batches, and reads their records. An empty before is the first page, and an
// empty next the end.
type Batches interface {
	Batches(ctx context.Context, before string, limit int) (ids []string, next string, err error)
	Batch(ctx context.Context, id string) (b batch.Batch, version string, err error)
}

// batchPage is how many batches are listed at a time.
const batchPage = 1000

// batchIDs lists the IDs of all batches.
func (s Sources) batchIDs(ctx context.Context) (all []string, err error) {
	for before := ""; ; {
		ids, next, err := s.Batches.Batches(ctx, before, batchPage)
		if err != nil {
			return nil, err
		}
		if all, before = append(all, ids...), next; next == "" {
			return all, nil
		}
	}
}

// batches reads the records of all batches, and returns their IDs.
func (s Sources) batches(ctx context.Context, f *Facts) ([]string, error) {
	ids, err := s.batchIDs(ctx)
	if err != nil {
		return nil, err
	}
	read, err := each(ctx, ids, func(ctx context.Context, id string) (batch.Batch, error) {
		b, _, err := s.Batches.Batch(ctx, id)
		return b, err
	})
	f.Batches = slices.Collect(maps.Values(read))
	return ids, err
}

// counted returns the IDs of all batches whose counters may have changed while the entries were
// read: those that there are now, and those that the entries name.
func (s Sources) counted(ctx context.Context, entries map[string]video.Entry) ([]string, error) {
	ids, err := s.batchIDs(ctx)
	for _, entry := range entries {
		if entry.Origin.Batch != "" {
			ids = append(ids, entry.Origin.Batch)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids), err
}
