// Package sweep looks after the jobs that nobody looks after: it settles those whose executions
// ended without recording an outcome, and starts those whose executions were never started. It is
// the settle function.
package sweep

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/takeup/takeup/internal/jobs/runs"
	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/execname"
	"github.com/takeup/takeup/internal/video/report"
)

// abandoned is how long a sweep leaves a job whose execution was not started to its creator,
// from its creation. It is longer than any function or client runs.
const abandoned = 2 * time.Minute

// unseen is the age from which an execution that Step Functions doesn't show counts as gone.
// Step Functions shows an execution within moments, and keeps it for 90 days after its end.
const unseen = 24 * time.Hour

// Lister is the other part of the Step Functions API that a sweep uses.
type Lister interface {
	ListExecutions(context.Context, *sfn.ListExecutionsInput, ...func(*sfn.Options)) (*sfn.ListExecutionsOutput, error)
}

// Jobs performs the operations on the jobs.
type Jobs interface {
	// Settle records how the job of an execution ended, and reports whether it did.
	Settle(ctx context.Context, execution string) (bool, error)
	// SettleBy is Settle for an execution that was read before.
	SettleBy(ctx context.Context, name string, execution *sfn.DescribeExecutionOutput) (bool, error)
	// Begin starts the execution that a job's entry names.
	Begin(ctx context.Context, entry video.Entry, version string) (started, known bool, err error)
}

// Table has the jobs.
type Table interface {
	// Get returns a job's entry, or a *video.NoEntry.
	Get(ctx context.Context, id string) (entry video.Entry, version string, err error)
	// Unfinished returns the jobs without an outcome, oldest first.
	Unfinished(context.Context) ([]table.Unfinished, error)
	// SweptTo returns how far the last sweep came that had no time for all jobs.
	SweptTo(context.Context) (place, version string, err error)
	PutSweptTo(ctx context.Context, place, version string) error
}

// Sweeper looks after the jobs of a state machine. It is safe for concurrent use, also by many
// processes.
type Sweeper struct {
	jobs       Jobs
	table      Table
	executions runs.Executions
	now        func() time.Time
}

// New returns a Sweeper.
func New(jobs Jobs, table Table, executions runs.Executions, now func() time.Time) *Sweeper {
	return &Sweeper{jobs: jobs, table: table, executions: executions, now: now}
}

// Swept is the result of a sweep.
type Swept struct {
	Looked  int // examined: jobs without an outcome, and executions whose job is not in the table
	Settled int
	Started int
	// Unfinished counts the jobs without an outcome.
	Unfinished int
	Held       Held
	// Rest means that there are more jobs than this sweep had time for.
	Rest bool
}

// Held counts the jobs that are held up, of those that were examined.
type Held struct {
	Cap    int // by a cap
	Resume int // by a pause
	Room   int // by the provider's lack of room
	Answer int // by a submission that was not answered
}

func (h *Held) add(kind report.WaitKind) {
	switch kind {
	case report.WaitCap:
		h.Cap++
	case report.WaitResume:
		h.Resume++
	case report.WaitRoom:
		h.Room++
	case report.WaitAnswer:
		h.Answer++
	}
}

// writing is how long a sweep may take to record its position after its time is over.
const writing = 5 * time.Second

// Sweep examines each execution that failed, began within the last day and has no job in the
// table, and each job without an outcome, until the context is done. It calls wait before each,
// which bounds the rate. It settles a job whose execution has ended, and starts one whose
// execution was never started. A job that can't be settled now doesn't hold up the others, and
// the executions take at most half of the time. If a sweep runs out of time, the next one
// resumes where it stopped, so that every job gets its turn.
func (s *Sweeper) Sweep(ctx context.Context, list Lister, wait func(context.Context) error) (Swept, error) {
	var swept Swept
	var failed []error
	each := func(ctx context.Context, look func(context.Context) error) bool {
		if wait(ctx) != nil {
			swept.Rest = true
			return false
		}
		swept.Looked++
		if err := look(ctx); err != nil {
			failed = append(failed, err)
		}
		return true
	}
	half, cancel := halfOf(ctx)
	defer cancel()
	err := s.strays(half, list, func(name string) bool {
		return each(half, func(ctx context.Context) error {
			settled, err := s.jobs.Settle(ctx, name)
			if settled {
				swept.Settled++
			}
			return err
		})
	})
	if half.Err() != nil {
		swept.Rest = true
	} else if err != nil {
		failed = append(failed, err)
	}
	err = s.sweepUnfinished(ctx, &swept, func(id string) bool {
		return each(ctx, func(ctx context.Context) error { return s.look(ctx, id, &swept) })
	})
	return swept, errors.Join(append(failed, err)...)
}

// sweepUnfinished calls look for each job without an outcome until look returns false. It begins
// with the first job that the last sweep did not reach.
func (s *Sweeper) sweepUnfinished(ctx context.Context, swept *Swept, look func(id string) bool) error {
	all, err := s.table.Unfinished(ctx)
	swept.Unfinished = len(all)
	place, version, placeErr := s.table.SweptTo(ctx)
	if placeErr != nil {
		err = errors.Join(err, placeErr)
	}
	after, _ := slices.BinarySearchFunc(all, place, func(one table.Unfinished, place string) int {
		if one.Place <= place {
			return -1
		}
		return 1
	})
	all = slices.Concat(all[after:], all[:after])
	looked := 0
	for looked < len(all) && look(all[looked].ID) {
		looked++
	}
	if looked == 0 || looked == len(all) || placeErr != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writing)
	defer cancel()
	var conflict *video.Conflict
	if putErr := s.table.PutSweptTo(ctx, all[looked-1].Place, version); !errors.As(putErr, &conflict) {
		err = errors.Join(err, putErr)
	}
	return err
}

// halfOf returns a context with half of the remaining time.
func halfOf(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, time.Until(deadline)/2)
}

// strays yields the names of the executions that failed, began within unseen, and have no job in
// the table: they were started by hand, and ended before Submit created the job. Those of one
// status come latest first.
func (s *Sweeper) strays(ctx context.Context, list Lister, yield func(name string) bool) error {
	for _, status := range []types.ExecutionStatus{types.ExecutionStatusAborted, types.ExecutionStatusFailed, types.ExecutionStatusTimedOut} {
		pages := sfn.NewListExecutionsPaginator(list, &sfn.ListExecutionsInput{StateMachineArn: aws.String(s.executions.StateMachine().String()), StatusFilter: status})
		for more := true; more && pages.HasMorePages(); {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return video.Unavailable("listing the executions", err)
			}
			for _, e := range page.Executions {
				if more = s.now().Sub(aws.ToTime(e.StartDate)) < unseen; !more {
					break
				}
				known, err := s.knows(ctx, aws.ToString(e.Name))
				if err != nil {
					return err
				}
				if !known && !yield(*e.Name) {
					return nil
				}
			}
		}
	}
	return nil
}

// knows reports whether the table has the job of an execution, or the execution can't have one.
func (s *Sweeper) knows(ctx context.Context, execution string) (bool, error) {
	var absent *video.NoEntry
	if id, n := execname.RedriveOf(execution); n > 0 && video.ValidID(id) {
		entry, _, err := s.table.Get(ctx, id)
		if err != nil && !errors.As(err, &absent) {
			return false, err
		}
		if err == nil && n <= entry.Redrives {
			return true, nil
		}
	}
	if !video.ValidID(execution) {
		return true, nil
	}
	_, _, err := s.table.Get(ctx, execution)
	if errors.As(err, &absent) {
		return false, nil
	}
	return err == nil, err
}

// look settles or starts a job. It reads the item, since the index may be out of date.
func (s *Sweeper) look(ctx context.Context, id string, swept *Swept) error {
	entry, version, err := s.table.Get(ctx, id)
	var absent *video.NoEntry
	switch {
	case errors.As(err, &absent):
		return nil // the job was deleted, and the index is out of date
	case err != nil:
		return video.Unavailable("reading the job", err)
	}
	kind, _ := entry.Held()
	swept.Held.add(kind)
	switch {
	case entry.Started:
		return s.lookAt(ctx, entry, swept)
	case entry.Outcome != nil && entry.Outcome.Final(), !entry.ForgottenAt.IsZero(), s.now().Sub(entry.CreatedAt) < abandoned:
		return nil
	}
	started, _, err := s.jobs.Begin(ctx, entry, version)
	if started {
		swept.Started++
	}
	return err
}

// lookAt settles a job whose execution was started.
func (s *Sweeper) lookAt(ctx context.Context, entry video.Entry, swept *Swept) error {
	execution, err := s.executions.Describe(ctx, entry.Execution)
	switch {
	case err != nil:
		return err
	case execution == nil && s.now().Sub(entry.CreatedAt) < unseen:
		return nil
	case execution == nil:
		execution = &sfn.DescribeExecutionOutput{
			Name: &entry.Execution, Input: aws.String(fmt.Sprintf(`{"id":%q,"resume":true}`, entry.ID)), Status: types.ExecutionStatusFailed,
			Error: aws.String("ExecutionGone"), Cause: aws.String("Step Functions no longer knows it"), StopDate: aws.Time(s.now()),
		}
	}
	settled, err := s.jobs.SettleBy(ctx, entry.Execution, execution)
	if settled {
		swept.Settled++
	}
	return err
}
