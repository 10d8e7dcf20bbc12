package jobs

import (
	"context"
	"time"

	"github.com/takeup/takeup/internal/jobs/view"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/report"
)

// NotRetried is the error for a job that can't be retried now. Nothing was changed.
type NotRetried struct {
	ID, Reason string
	// RetryAfter is when the job can be retried, or 0 if waiting doesn't help.
	RetryAfter time.Duration
}

func (e *NotRetried) Error() string { return "job " + e.ID + " was not retried: " + e.Reason }

// copying is the timeout of Store's state, which bounds one copy of a video.
const copying = 930 * time.Second

// Retry retries a waiting job now. It returns the job's view, which names the execution that
// retries it. The error is a *NotRetried if the job doesn't wait, a *video.NoEntry if there is
// no such job, and a *video.ServiceUnavailable if it isn't known whether the job is retried.
// Calling Retry again is safe.
//
// A Step Functions execution that waits can't be woken. So a new execution resumes the job, and
// the waiting one is stopped. The item names the new execution before it is started. If the stop
// fails, or the old execution has just begun to work, both continue from the table, as two
// invocations of a step may at any time: nothing is submitted twice. A claimed attempt stays
// claimed.
func (s *Service) Retry(ctx context.Context, id string) (view.View, error) {
	if !video.ValidID(id) {
		return view.View{}, &video.NoEntry{ID: id}
	}
	for range turns {
		entry, version, err := s.get(ctx, id)
		if err != nil {
			return view.View{}, err
		}
		if err := s.retriable(entry); err != nil {
			return view.View{}, err
		}
		before := ""
		if entry.Started {
			before = entry.Execution
			if entry, version, err = s.table.Update(ctx, entry.Next(), version); video.UnlessConflict(err) != nil {
				return view.View{}, video.Unavailable("writing the job", err)
			} else if err != nil {
				continue
			}
		}
		started, _, err := s.Begin(ctx, entry, version)
		switch {
		case err != nil:
			return view.View{}, err
		case started:
			if before != "" {
				s.executions.Stop(ctx, before, "the job goes on in execution "+entry.Execution)
			}
			return view.Of(entry, s.now()), nil
		}
	}
	return view.View{}, changing("retrying the job")
}

// retriable returns a *NotRetried for a job that has ended, and for one that is being submitted
// or copied at this moment.
func (s *Service) retriable(entry video.Entry) error {
	no := NotRetried{ID: entry.ID}
	waiting := view.WaitingOf(entry, entry.Paid(), s.now())
	switch {
	case waiting == nil && !entry.ForgottenAt.IsZero():
		no.Reason = "it has ended and was forgotten, and its request with it; send a new request"
	case waiting == nil && entry.Outcome != nil && entry.Outcome.Final():
		no.Reason = "it ended with " + entry.Outcome.Name + ", which stays"
	case waiting == nil && entry.State() == video.StateCompleted:
		no.Reason = "its video is stored"
	case waiting == nil:
		no.Reason = "it has ended; redrive it to go on with it"
	case waiting.For == report.WaitSubmission:
		no.Reason = "it is being submitted at this moment; ask again"
		no.RetryAfter = entry.ClaimedUntil.Sub(s.now())
	case waiting.For == report.WaitVideo && waiting.LastError == "" && s.now().Sub(waiting.Since) < copying:
		no.Reason = "its video is being copied at this moment; ask again"
		no.RetryAfter = copying - s.now().Sub(waiting.Since)
	default:
		return nil
	}
	return &no
}
