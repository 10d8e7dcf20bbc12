package jobs

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/jobs/runs"
	"github.com/takeup/takeup/internal/video"
)

// Settle records the outcome of an execution's job, if the execution has ended and the table has
// no outcome. The outcome is the stored video, the error that a step gave up with, or else a
// *video.Interrupted. Settle creates a job that the table doesn't have from the execution's
// input. It doesn't change a job that has an outcome, is running, or is in a later execution. It
// doesn't change a claim either: what may be charged stays so. It reports whether it recorded
// something.
//
// The execution is read before the job. An execution writes its outcome before it ends, so an
// outcome that is missing then will not come from it. Another execution's outcome is a later
// version, and wins.
//
// The error is a *video.ServiceUnavailable. Settle is idempotent.
func (s *Service) Settle(ctx context.Context, name string) (bool, error) {
	execution, err := s.executions.Describe(ctx, name)
	if err != nil || execution == nil {
		return false, err
	}
	return s.SettleBy(ctx, name, execution)
}

// SettleBy is Settle for an execution that was read before, or that Step Functions no longer
// shows.
func (s *Service) SettleBy(ctx context.Context, name string, execution *sfn.DescribeExecutionOutput) (bool, error) {
	if execution.Status == types.ExecutionStatusRunning {
		return false, nil
	}
	id := name
	if resumed := runs.Resumes(aws.ToString(execution.Input)); resumed != "" {
		id = resumed
	}
	if !video.ValidID(id) {
		return false, nil // it was refused before anything was submitted
	}
	for range turns {
		entry, version, err := s.table.Get(ctx, id)
		var absent *video.NoEntry
		switch {
		case errors.As(err, &absent):
			entry, created := died(name, id, execution)
			if !created {
				return false, nil
			}
			_, _, err = s.table.Create(ctx, entry)
		case err != nil:
			return false, video.Unavailable("reading the job", err)
		case entry.Execution != name || entry.Over() || entry.Manifest != nil:
			return false, nil
		default:
			if entry, err = s.settled(ctx, entry, execution); err != nil {
				return false, err
			}
			_, _, err = s.table.Update(ctx, entry, version)
		}
		if video.UnlessConflict(err) != nil {
			return false, video.Unavailable("writing the job", err)
		} else if err == nil {
			return true, nil
		}
	}
	return false, changing("settling the job")
}

// settled returns the entry with its outcome. A redrive that failed before it changed anything
// keeps the earlier outcome.
func (s *Service) settled(ctx context.Context, entry video.Entry, execution *sfn.DescribeExecutionOutput) (video.Entry, error) {
	manifest, stored, err := s.manifests.Manifest(ctx, entry.Locator())
	switch {
	case err != nil:
		return entry, video.Unavailable("reading the manifest", err)
	case stored:
		entry.Store(manifest)
	case entry.Outcome != nil:
		before := *entry.Outcome
		before.Redrive = entry.Redrives
		entry.Outcome = &before
	default:
		entry = runs.Outcome(execution, entry)
	}
	// What may be charged stays so.
	entry.Book(budget.Uncertain, 0)
	entry.Started = true
	return entry, nil
}

// died returns the entry of a job whose own execution ended before the job was in the table. It
// returns false for any other execution.
func died(name, id string, execution *sfn.DescribeExecutionOutput) (video.Entry, bool) {
	if name != id || !runs.Ended(execution.Status) {
		return video.Entry{}, false
	}
	entry := video.Entry{
		ID: id, CreatedAt: aws.ToTime(execution.StartDate), Origin: video.Origin{Trigger: video.TriggerExecution}, Execution: id, Started: true,
	}
	if request := runs.Request(execution); request != nil {
		entry.Request, entry.RequestHash = *request, request.Hash()
	}
	return runs.Outcome(execution, entry), true
}
