package batches

import (
	"context"
	"iter"

	"github.com/takeup/takeup/internal/batch/batchfile"
	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/batches/runfiles"
	"github.com/takeup/takeup/internal/video"
)

// Results yields what became of each video of a batch's plan, in the order of its file, by
// consistent reads. A batch that is not planned has none. An error is the last: a
// *record.NoBatch or a *video.ServiceUnavailable.
func (s *Service) Results(ctx context.Context, id string) iter.Seq2[batchfile.Result, error] {
	return func(yield func(batchfile.Result, error) bool) {
		if !video.ValidID(id) {
			yield(batchfile.Result{}, &record.NoBatch{ID: id})
			return
		}
		b, _, err := s.table.Batch(ctx, id)
		if err == nil && b.PlannedAt.IsZero() {
			return
		}
		if err == nil {
			err = runfiles.Results(ctx, s.items, s.files, b, func(r batchfile.Result) bool { return yield(r, nil) })
		}
		if err != nil {
			yield(batchfile.Result{}, err)
		}
	}
}
