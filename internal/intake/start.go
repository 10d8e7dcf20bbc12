package intake

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/takeup/takeup/internal/video"
)

// Jobs is what is asked of the table: a job's entry, or a *video.NoEntry.
type Jobs interface {
	Get(ctx context.Context, id string) (entry video.Entry, version string, err error)
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
	// Known says that the job is known to have been there before. Step
	// Functions doesn't tell for one that is running on the same input.
	Known bool
}

// Intake starts jobs.
type Intake struct {
	jobs       Jobs
	executions Executions
}

// New makes an Intake for a state machine.
func New(jobs Jobs, executions Executions) *Intake {
	return &Intake{jobs: jobs, executions: executions}
}

// Start makes a request the job of that id, once: a job that is already there
// with an equal request is that job, however long ago it ended, and one with
// another request gives a *Mismatch. A job whose execution failed before the job
// was in the table has submitted nothing, and is begun anew, by an execution
// that is numbered as a redrive is.
//
// The table is asked first, since Step Functions lets a name be used again 90
// days after its execution ended. Both can be behind on a job that was started a
// moment ago; then Step Functions' own rule that a name is taken once holds.
//
// A *video.ServiceUnavailable means that it is not known whether the job was
// started: starting it again with the same id is safe.
func (i *Intake) Start(ctx context.Context, id string, r video.Request) (Receipt, error) {
	if err := video.CheckID(id); err != nil {
		return Receipt{}, err
	}
	entry, _, err := i.jobs.Get(ctx, id)
	var absent *video.NoEntry
	switch {
	case err == nil && entry.RequestHash == r.Hash():
		return Receipt{ID: id, Known: true}, nil
	case err == nil:
		return Receipt{}, &Mismatch{ID: id}
	case !errors.As(err, &absent):
		return Receipt{}, unavailable("reading the job", err)
	}

	// json.Marshal would escape each <, > and &, and a long text with many of
	// them be longer than Step Functions takes.
	input, err := r.MarshalJSON()
	if err != nil {
		return Receipt{}, fmt.Errorf("encoding the request of job %s: %w", id, err)
	}
	if taken, err := i.executions.start(ctx, id, input); err != nil || !taken {
		return Receipt{ID: id}, err
	}

	// The name is taken: by an execution that ended, or runs on another input.
	// It is read, and not trusted to be this request.
	execution, err := i.executions.describe(ctx, id)
	if err != nil {
		return Receipt{}, err
	}
	if execution == nil {
		return Receipt{}, unavailable("starting the state machine", errors.New("the execution's name is taken, and the execution is not there"))
	}
	if started := requestOf(execution); resumes(aws.ToString(execution.Input)) != "" || started == nil || started.Hash() != r.Hash() {
		return Receipt{}, &Mismatch{ID: id}
	}
	if !ended(execution.Status) {
		return Receipt{ID: id, Known: true}, nil
	}
	return i.anew(ctx, id, r)
}

// anew starts the next execution of a job whose own execution failed, unless the
// table has the job: then it was claimed, and only a redrive goes on with it.
// The table is read after the executions, since a job is claimed before its
// execution ends.
func (i *Intake) anew(ctx context.Context, id string, r video.Request) (Receipt, error) {
	input, err := resume(id, &r)
	if err != nil {
		return Receipt{}, err
	}
	for range 8 {
		latest, next, err := i.executions.Latest(ctx, id)
		if err != nil {
			return Receipt{}, err
		}
		if latest != nil && !ended(latest.Status) {
			return Receipt{ID: id, Known: true}, nil
		}
		_, _, err = i.jobs.Get(ctx, id)
		var absent *video.NoEntry
		switch {
		case err == nil:
			return Receipt{ID: id, Known: true}, nil
		case !errors.As(err, &absent):
			return Receipt{}, unavailable("reading the job", err)
		}
		// A name that is taken is that of an execution that was started since:
		// it is read before another one is started.
		if taken, err := i.executions.start(ctx, redriveName(id, next), input); err != nil || !taken {
			return Receipt{ID: id}, err
		}
	}
	return Receipt{}, unavailable("starting the state machine", errors.New("the name of the job's next execution was taken each time"))
}

// unavailable leaves an error that already says so as it is.
func unavailable(doing string, err error) error {
	var already *video.ServiceUnavailable
	if errors.As(err, &already) {
		return already
	}
	return &video.ServiceUnavailable{Doing: doing, Err: err}
}
