package batches

import (
	"context"
	"errors"

	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/jobs/view"
	"github.com/takeup/takeup/internal/video"
)

// Jobs lists the jobs of a batch, and cancels them.
type Jobs interface {
	List(context.Context, jobs.Query) (jobs.Page, error)
	// Cancel ends a job that was not submitted. It returns a *jobs.NotCancelled for any other.
	Cancel(ctx context.Context, id string, discard bool) (view.View, error)
}

// Cancelled says what became of the jobs of a batch that was cancelled.
type Cancelled struct {
	View
	Cancelled int // were not submitted, and never will be
	Submitted int // go on, since they are or may be paid
	Done      int // had ended before
}

// listed is how many jobs of a batch are listed at a time.
const listed = 50

// Cancel ends all jobs of a batch that were not submitted, so that they are never paid. First
// it marks the batch: from then on no job of it is submitted, and jobs that it misses because
// they are just being created end by themselves. It stops no execution. Cancel is idempotent.
// The error is a *record.NoBatch or a *video.ServiceUnavailable, after which it is to be called
// again.
func (s *Service) Cancel(ctx context.Context, id string) (Cancelled, error) {
	if !video.ValidID(id) {
		return Cancelled{}, &record.NoBatch{ID: id}
	}
	if err := s.mark(ctx, id); err != nil {
		return Cancelled{}, err
	}
	var report Cancelled
	q := jobs.Query{Batch: id, Limit: listed}
	for {
		page, err := s.jobs.List(ctx, q)
		if err != nil {
			return Cancelled{}, err
		}
		for _, job := range page.Views {
			if err := s.end(ctx, job, &report); err != nil {
				return Cancelled{}, err
			}
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			break
		}
	}
	var err error
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
		b.State = record.Cancelled
		if _, _, err = s.table.PutBatch(ctx, b, version); unlessConflict(err) != nil {
			return err
		} else if err == nil {
			return nil
		}
	}
	return changing("cancelling the batch")
}

// end cancels a job, unless it has ended or was submitted, and counts it.
func (s *Service) end(ctx context.Context, job view.View, report *Cancelled) error {
	if job.State.Ended() {
		report.Done++
		return nil
	}
	if job.State == video.StateGenerating {
		report.Submitted++
		return nil
	}
	_, err := s.jobs.Cancel(ctx, job.ID, false)
	var not *jobs.NotCancelled
	switch {
	case errors.As(err, &not) && not.Discardable: // it was submitted since it was listed
		report.Submitted++
	case errors.As(err, &not):
		report.Done++
	case err != nil:
		return err
	default:
		report.Cancelled++
	}
	return nil
}
