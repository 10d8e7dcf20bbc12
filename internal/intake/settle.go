package intake

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/takeup/takeup/internal/video"
)

// Unfinished is the table with its index of the jobs without an outcome.
type Unfinished interface {
	Claims
	Unfinished(ctx context.Context, yield func(id string) bool) error
}

// Settler records how jobs ended whose executions ended without saying so.
type Settler struct {
	jobs       Unfinished
	manifests  Manifests
	executions Executions
	now        func() time.Time
}

// NewSettler makes a Settler for the jobs of a state machine.
func NewSettler(jobs Unfinished, manifests Manifests, executions Executions, now func() time.Time) *Settler {
	return &Settler{jobs: jobs, manifests: manifests, executions: executions, now: now}
}

// Settle records the outcome of the job that an execution looked after, where that
// execution is over and the table has no outcome: a video that is stored is one,
// and everything else is an *video.Interrupted, or the error that a step gave up
// with. A job that the table doesn't have is created from the execution's input.
// It changes nothing of a job that has an outcome, runs, or is in a later
// execution, and nothing of a claim: what may be charged stays so. It reports
// whether it recorded something.
//
// The execution is read before the job: what ends one is written before, so an
// outcome that the table lacks then won't come from it. Another's comes on a later
// version, and wins.
//
// The error is a *video.ServiceUnavailable; settling again is safe.
func (s *Settler) Settle(ctx context.Context, name string) (bool, error) {
	execution, err := s.executions.describe(ctx, name)
	if err != nil || execution == nil || execution.Status == types.ExecutionStatusRunning {
		return false, err
	}
	id := name
	if resumed := resumes(aws.ToString(execution.Input)); resumed != "" {
		id = resumed
	}
	if !video.ValidID(id) {
		return false, nil // it was refused before anything was submitted
	}
	for range turns {
		entry, version, err := s.jobs.Get(ctx, id)
		var absent *video.NoEntry
		switch {
		case errors.As(err, &absent):
			entry, created := died(name, id, execution)
			if !created {
				return false, nil
			}
			_, _, err = s.jobs.Create(ctx, entry)
		case err != nil:
			return false, unavailable("reading the job", err)
		case entry.Execution != name || entry.Ending != nil || !entry.StoredAt.IsZero():
			return false, nil
		default:
			var settled bool
			if entry, settled, err = s.settled(ctx, entry, execution); err != nil || !settled {
				return false, err
			}
			_, _, err = s.jobs.Update(ctx, entry, version)
		}
		if unlessConflict(err) != nil {
			return false, unavailable("writing the job", err)
		} else if err == nil {
			return true, nil
		}
	}
	return false, changing("settling the job")
}

// settled gives the entry with its outcome; false where it has none to be given.
func (s *Settler) settled(ctx context.Context, entry video.Entry, execution *sfn.DescribeExecutionOutput) (video.Entry, bool, error) {
	manifest, stored, err := s.manifests.Manifest(ctx, entry.ID)
	switch {
	case err != nil:
		return entry, false, unavailable("reading the manifest", err)
	case stored:
		entry.StoredAt = manifest.StoredAt
	case execution.Status == types.ExecutionStatusSucceeded:
		return entry, false, nil // its owner is removing it
	default:
		entry.Ending = outcome(execution, entry)
	}
	entry.Started = true
	return entry, true, nil
}

// died is the entry of a job whose own execution ended before it came to the table;
// false where that isn't one, or has no valid request.
func died(name, id string, execution *sfn.DescribeExecutionOutput) (video.Entry, bool) {
	request := requestOf(execution)
	if name != id || !ended(execution.Status) || request == nil {
		return video.Entry{}, false
	}
	entry := video.Entry{
		ID: id, Request: *request, RequestHash: request.Hash(), CreatedAt: aws.ToTime(execution.StartDate),
		Execution: id, Started: true,
	}
	entry.Ending = outcome(execution, entry)
	return entry, true
}

// abandoned is how long an execution may take to be started by whoever created its
// job: longer than any function or client that does so goes on.
const abandoned = 2 * time.Minute

// Swept is what a sweep did.
type Swept struct {
	Looked  int // jobs without an outcome that were looked at
	Settled int
	Started int
	// Rest says that there are more, which this sweep had no time for.
	Rest bool
}

// Sweep looks at each job without an outcome, at most so many a second, until the
// context is done: one whose execution is over is settled, and one whose execution
// was never started is started. One that can't be settled now holds up no other.
// What happens meanwhile is for the next sweep.
func (s *Settler) Sweep(ctx context.Context, wait func(context.Context) error) (Swept, error) {
	var swept Swept
	var failed []error
	err := s.jobs.Unfinished(ctx, func(id string) bool {
		if wait(ctx) != nil {
			swept.Rest = true
			return false
		}
		swept.Looked++
		if err := s.look(ctx, id, &swept); err != nil {
			failed = append(failed, err)
		}
		return true
	})
	return swept, errors.Join(append(failed, err)...)
}

// look settles or starts a job, by its item and not by the index.
func (s *Settler) look(ctx context.Context, id string, swept *Swept) error {
	entry, version, err := s.jobs.Get(ctx, id)
	var absent *video.NoEntry
	switch {
	case errors.As(err, &absent):
		return nil // it was taken away, and the index is behind
	case err != nil:
		return unavailable("reading the job", err)
	case entry.Started:
		settled, err := s.Settle(ctx, entry.Execution)
		if settled {
			swept.Settled++
		}
		return err
	case entry.Ending != nil && entry.Ending.Final(), s.now().Sub(entry.CreatedAt) < abandoned:
		return nil
	}
	started, _, err := s.executions.begin(ctx, s.jobs, entry, version)
	if started {
		swept.Started++
	}
	return err
}
