package batches

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/jobs/listing"
	"github.com/takeup/takeup/internal/jobs/view"
	"github.com/takeup/takeup/internal/video"
)

// Jobs lists the jobs of a batch, and cancels them.
type Jobs interface {
	List(context.Context, listing.Query) (listing.Page, error)
	// Cancel ends a job that was not submitted. It returns a *jobs.NotCancelled for any other.
	Cancel(ctx context.Context, id string, discard bool) (view.View, error)
}

// Cancelled says what became of the jobs of a batch that was cancelled.
type Cancelled struct {
	View
	Cancelled int64 // were not submitted, and never will be
	Submitted int64 // go on, since they are or may be paid
	Done      int64 // ended otherwise
	// Left were not submitted, and never will be, but are not ended yet: Cancel did not get to
	// them. They end when it is called again, or by themselves at their next attempt.
	Left int64
}

const (
	// listed is how many jobs of a batch are listed at a time.
	listed = 500
	// cancelledAtOnce is how many jobs are cancelled at once.
	cancelledAtOnce = 16
	// cancelTime is how long one call cancels jobs. API Gateway waits for 29 seconds.
	// https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
	cancelTime = 15 * time.Second
)

// Cancel ends the jobs of a batch that were not submitted, so that they are never paid. First
// it marks the batch: from then on no job of it is submitted. A call that takes too long leaves
// some jobs to the next one. Cancel stops no execution, and is idempotent. The error is a
// *record.NoBatch or a *video.ServiceUnavailable, after which it is to be called again.
func (s *Service) Cancel(ctx context.Context, id string) (Cancelled, error) {
	if !video.ValidID(id) {
		return Cancelled{}, &record.NoBatch{ID: id}
	}
	if err := s.mark(ctx, id); err != nil {
		return Cancelled{}, err
	}
	posted, err := s.end(ctx, id, s.now().Add(cancelTime))
	if err != nil {
		return Cancelled{}, err
	}
	counts, err := s.table.BatchCounts(ctx, id)
	if err != nil {
		return Cancelled{}, err
	}
	of := func(state video.State) int64 { return counts.Jobs[string(state)] }
	waiting := of(video.StateQueued)
	posted = min(posted, waiting)
	report := Cancelled{
		Cancelled: of(video.StateCancelled), Submitted: of(video.StateGenerating) + posted,
		Done: of(video.StateCompleted) + of(video.StateFailed) + of(video.StateDiscarded), Left: waiting - posted,
	}
	report.View, err = s.Get(ctx, id)
	return report, err
}

// mark marks a batch as cancelled.
func (s *Service) mark(ctx context.Context, id string) error {
	for range turns {
		b, version, err := s.table.Batch(ctx, id)
		if err != nil || b.State == record.Cancelled {
			return err
		}
		b.Cancel(s.now())
		if _, _, err = s.table.PutBatch(ctx, b, version); video.UnlessConflict(err) != nil {
			return err
		} else if err == nil {
			return nil
		}
	}
	return changing("cancelling the batch")
}

// end cancels the jobs of a batch that wait, until a time. It returns how many of them may have
// been submitted. The list is eventually consistent, so it may miss jobs that were just created.
func (s *Service) end(ctx context.Context, id string, until time.Time) (int64, error) {
	var posted atomic.Int64
	q := listing.Query{Batch: id, States: []video.State{video.StateQueued}, Limit: listed}
	for {
		page, err := s.jobs.List(ctx, q)
		if err != nil {
			return 0, err
		}
		group, working := errgroup.WithContext(ctx)
		group.SetLimit(cancelledAtOnce)
		for _, job := range page.Views {
			group.Go(func() error {
				if !s.now().Before(until) {
					return nil
				}
				_, err := s.jobs.Cancel(working, job.ID, false)
				var not *jobs.NotCancelled
				if !errors.As(err, &not) {
					return err
				}
				if not.State == video.StateQueued {
					posted.Add(1)
				}
				return nil
			})
		}
		if err := group.Wait(); err != nil {
			return 0, err
		}
		if q.Cursor = page.Next; q.Cursor == "" || !s.now().Before(until) {
			return posted.Load(), nil
		}
	}
}
