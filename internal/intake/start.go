package intake

import (
	"context"
	"errors"
	"time"

	"github.com/takeup/takeup/internal/video"
)

// Jobs is what is asked of the table: a job's entry, or a *video.NoEntry.
type Jobs interface {
	Get(ctx context.Context, id string) (entry video.Entry, version string, err error)
}

// Claims is the table with its writes, each of which is on a version that was
// read and gives a *video.Conflict where that is no longer the one.
type Claims interface {
	Jobs
	Create(context.Context, video.Entry) (video.Entry, string, error)
	Update(ctx context.Context, entry video.Entry, version string) (video.Entry, string, error)
}

// Mismatch says that a job's id is already that of another request: the same
// Idempotency-Key came with another body. Nothing was started.
type Mismatch struct{ ID string }

func (e *Mismatch) Error() string {
	return "job " + e.ID + " is another request; nothing was started"
}

// Receipt says which job a request has become.
type Receipt struct {
	ID string
	// Known says that the job is known to have been started before.
	Known bool
}

// Intake starts jobs.
type Intake struct {
	jobs       Claims
	executions Executions
	now        func() time.Time
}

// New makes an Intake for a state machine.
func New(jobs Claims, executions Executions, now func() time.Time) *Intake {
	return &Intake{jobs: jobs, executions: executions, now: now}
}

// turns is how often a job is read anew after another changed it.
const turns = 8

// Start makes a request the job of that id, once: a job that is already there
// with an equal request is that job, however long ago it ended, and one with
// another request gives a *Mismatch. A job whose execution failed before anything
// was submitted is begun anew, by an execution that is numbered as a redrive is.
//
// The job's item is written before its execution is started, and names it. Whoever
// finds one that isn't marked as started starts it, under the same name, so that a
// job has at most one execution at a time.
//
// A *video.ServiceUnavailable means that it is not known whether the job was
// started: starting it again with the same id is safe.
func (i *Intake) Start(ctx context.Context, id string, r video.Request) (Receipt, error) {
	if err := video.CheckID(id); err != nil {
		return Receipt{}, err
	}
	for range turns {
		entry, version, err := i.jobs.Get(ctx, id)
		var absent *video.NoEntry
		if errors.As(err, &absent) {
			entry, version, err = i.jobs.Create(ctx, video.Entry{
				ID: id, Request: r, RequestHash: r.Hash(), CreatedAt: i.now(), Execution: id,
			})
		}
		switch {
		case unlessConflict(err) != nil:
			return Receipt{}, unavailable("reading or writing the job", err)
		case err != nil:
			continue
		case entry.RequestHash != r.Hash():
			return Receipt{}, &Mismatch{ID: id}
		case entry.Ending != nil && !entry.Unclaimed() && (entry.Started || entry.Ending.Final()):
			return Receipt{ID: id, Known: true}, nil
		case entry.Started:
			over, err := i.dead(ctx, entry)
			if err != nil || !over {
				return Receipt{ID: id, Known: err == nil}, err
			}
			if entry, version, err = i.jobs.Update(ctx, entry.Next(), version); unlessConflict(err) != nil {
				return Receipt{}, unavailable("writing the job", err)
			} else if err != nil {
				continue
			}
		}
		started, known, err := i.executions.begin(ctx, i.jobs, entry, version)
		if err != nil || started {
			return Receipt{ID: id, Known: known}, err
		}
	}
	return Receipt{}, changing("starting the job")
}

// dead reports whether the job's execution ended badly before it came to submit
// anything. The entry was read before: only a write on its version decides.
func (i *Intake) dead(ctx context.Context, entry video.Entry) (bool, error) {
	if !entry.Unclaimed() {
		return false, nil
	}
	execution, err := i.executions.describe(ctx, entry.Execution)
	return err == nil && execution != nil && ended(execution.Status), err
}

// begin starts the execution that an entry names, and marks the job as started.
// It reports whether the execution runs, and whether it did so before. Where it
// does not, the job was changed, by this call or by another, and has to be read
// again.
func (e Executions) begin(ctx context.Context, jobs Claims, entry video.Entry, version string) (started, known bool, err error) {
	input, err := inputOf(entry)
	if err != nil {
		return false, false, err
	}
	taken, err := e.start(ctx, entry.Execution, input)
	if err != nil {
		return false, false, err
	}
	if taken {
		// By an execution that ended, or runs on another input.
		execution, err := e.describe(ctx, entry.Execution)
		switch {
		case err != nil:
			return false, false, err
		case execution == nil:
			return false, false, unavailable("starting the state machine", errors.New("the execution's name is taken, and the execution is not there"))
		case !belongs(execution, entry):
			_, _, err = jobs.Update(ctx, entry.Next(), version)
			return false, false, unlessConflict(err)
		case ended(execution.Status):
			entry.Started = true
			_, _, err = jobs.Update(ctx, entry, version)
			return false, false, unlessConflict(err)
		}
	}
	entry.Started = true
	if _, _, err := jobs.Update(ctx, entry, version); err != nil && taken {
		return false, false, unlessConflict(err)
	}
	// Where the mark failed, Submit makes it too, or whoever comes next finds
	// the execution by its name.
	return true, taken, nil
}

// unlessConflict gives nil for a conflict: the job is read again then.
func unlessConflict(err error) error {
	var conflict *video.Conflict
	if errors.As(err, &conflict) {
		return nil
	}
	return err
}

func changing(doing string) error {
	return &video.ServiceUnavailable{Doing: doing, Err: errors.New("the job was changed by another each time")}
}

// unavailable leaves an error that already says so as it is.
func unavailable(doing string, err error) error {
	var already *video.ServiceUnavailable
	if errors.As(err, &already) {
		return already
	}
	return &video.ServiceUnavailable{Doing: doing, Err: err}
}
