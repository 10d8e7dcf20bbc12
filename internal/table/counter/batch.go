package counter

import (
	"context"
	"strings"

	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/table/dynamo"
	"github.com/takeup/takeup/internal/video"
)

const readingBatch = "reading the counters of a batch"

// BatchCounts reads the counters of a batch. They are zero if nothing was counted. The read is
// consistent. The error is a *video.ServiceUnavailable.
func (book *Book) BatchCounts(ctx context.Context, id string) (record.Counts, error) {
	counts := record.Counts{Jobs: map[string]int64{}, Full: map[string]int64{}}
	items, err := book.store.Query(ctx, record.Partition(id), record.CountsKey)
	if err != nil {
		return counts, dynamo.Unavailable(readingBatch, err)
	}
	if len(items) == 0 {
		return counts, nil
	}
	r := dynamo.Reader{Attributes: items[0]}
	counts.InFlight, counts.Reserved, counts.Spent, counts.Uncertain = r.Number(inFlightName), r.Number(reservedName), r.Number(spentName), r.Number(uncertainName)
	counts.Writes = r.Number(writesName)
	for name := range items[0] {
		if state, ok := strings.CutPrefix(name, video.CountedState("")); ok {
			counts.Jobs[state] = r.Number(name)
		}
		if limit, ok := strings.CutPrefix(name, video.CountedLimit("")); ok {
			counts.Full[limit] = r.Number(name)
		}
	}
	if r.Err != nil {
		return counts, dynamo.Unavailable(readingBatch, r.Err)
	}
	return counts, nil
}

// BatchInFlight reads how many attempts of a batch are in flight. Submit links it instead of
// BatchCounts, which reads more. The read is consistent. The error is a
// *video.ServiceUnavailable.
func (book *Book) BatchInFlight(ctx context.Context, id string) (int64, error) {
	items, err := book.store.Query(ctx, record.Partition(id), record.CountsKey)
	if err == nil && len(items) > 0 {
		r := dynamo.Reader{Attributes: items[0]}
		inFlight := r.Number(inFlightName)
		if err = r.Err; err == nil {
			return inFlight, nil
		}
	}
	if err != nil {
		return 0, dynamo.Unavailable(readingBatch, err)
	}
	return 0, nil
}

// addBatch adds an attempt to the counters of its batch, or subtracts it if the sign is -1.
func (b *booking) addBatch(entry video.Entry, attempt budget.Money, sign int64) {
	if entry.Origin.Batch == "" {
		return
	}
	c := b.of(record.Partition(entry.Origin.Batch), record.CountsKey)
	if name := nameOf(attempt.State); name != "" {
		c.add(name, sign*attempt.Micros)
	}
	if attempt.Slot {
		c.add(inFlightName, sign)
	}
}

// addJob adds a job to the counters of its batch by their names, or subtracts it if the sign is
// -1.
func (b *booking) addJob(batch string, names []string, sign int64) {
	for _, name := range names {
		b.of(record.Partition(batch), record.CountsKey).add(name, sign)
	}
}

// BatchTallies reads the counters of batches. The error is a *video.ServiceUnavailable.
func (book *Book) BatchTallies(ctx context.Context, ids []string) ([]Tally, error) {
	var all []Tally
	for _, id := range ids {
		items, err := book.store.Query(ctx, record.Partition(id), record.CountsKey)
		if err != nil {
			return nil, dynamo.Unavailable(readingBatch, err)
		}
		for _, item := range items {
			tally, err := tallyOf(item)
			if err != nil {
				return nil, dynamo.Unavailable(readingBatch, err)
			}
			all = append(all, tally)
		}
	}
	return all, nil
}

// RecountBatches computes the counters of all batches from all jobs. The tallies are sorted by
// name.
func RecountBatches(entries map[string]video.Entry) []Tally {
	var b booking
	for _, entry := range entries {
		for _, m := range entry.Money {
			b.addBatch(entry, m, 1)
		}
		b.addJob(entry.Origin.Batch, entry.Counted(), 1)
	}
	return b.tallies()
}
