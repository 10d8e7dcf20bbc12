package table

import (
	"context"
	"strings"

	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/video"
)

// BatchCounts reads the counters of a batch. They are zero if nothing was counted. The read is
// consistent. The error is a *video.ServiceUnavailable.
func (t *Table) BatchCounts(ctx context.Context, id string) (record.Counts, error) {
	counts := record.Counts{Jobs: map[string]int64{}, Full: map[string]int64{}}
	items, err := t.query(ctx, batchPrefix+id, countsItem)
	if err != nil || len(items) == 0 {
		return counts, wrapped(readingBatch, err)
	}
	r := reader{attributes: items[0]}
	counts.InFlight, counts.Reserved, counts.Spent, counts.Uncertain = r.number(inFlightName), r.number(reservedName), r.number(spentName), r.number(uncertainName)
	for name := range items[0] {
		if state, ok := strings.CutPrefix(name, video.CountedState("")); ok {
			counts.Jobs[state] = r.number(name)
		}
		if limit, ok := strings.CutPrefix(name, video.CountedLimit("")); ok {
			counts.Full[limit] = r.number(name)
		}
	}
	return counts, wrapped(readingBatch, r.err)
}
