package intake

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/takeup/takeup/internal/video"
)

// Ledger is what is asked of the ledger: a job's entry, or a *video.NoEntry.
type Ledger interface {
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
	ledger     Ledger
	executions Executions
}

// New makes an Intake for a state machine.
func New(ledger Ledger, executions Executions) *Intake {
	return &Intake{ledger: ledger, executions: executions}
}

// Start makes a request the job of that id, once: a job that is already there
// with an equal request is that job, however long ago it ended, and one with
// another request gives a *Mismatch.
//
// The ledger is asked first, since Step Functions lets a name be used again 90
// days after its execution ended. Both can be behind on a job that was started a
// moment ago; then Step Functions' own rule that a name is taken once holds.
//
// A *video.ServiceUnavailable means that it is not known whether the job was
// started: starting it again with the same id is safe.
func (i *Intake) Start(ctx context.Context, id string, r video.Request) (Receipt, error) {
	if err := video.CheckID(id); err != nil {
		return Receipt{}, err
	}
	entry, _, err := i.ledger.Get(ctx, id)
	var absent *video.NoEntry
	switch {
	case err == nil && entry.RequestHash == r.Hash():
		return Receipt{ID: id, Known: true}, nil
	case err == nil:
		return Receipt{}, &Mismatch{ID: id}
	case !errors.As(err, &absent):
		return Receipt{}, unavailable("reading the ledger", err)
	}

	// json.Marshal would escape each <, > and &, and a long text with many of
	// them be longer than Step Functions takes.
	input, err := r.MarshalJSON()
	if err != nil {
		return Receipt{}, fmt.Errorf("encoding the request of job %s: %w", id, err)
	}
	_, err = i.executions.client.StartExecution(ctx, &sfn.StartExecutionInput{
		StateMachineArn: aws.String(i.executions.stateMachine.String()), Name: &id, Input: aws.String(string(input)),
	})
	var exists *types.ExecutionAlreadyExists
	switch {
	case err == nil:
		return Receipt{ID: id}, nil
	case !errors.As(err, &exists):
		return Receipt{}, unavailable("starting the state machine", err)
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
	if started, err := video.ParseRequest([]byte(aws.ToString(execution.Input))); err != nil || started.Hash() != r.Hash() {
		return Receipt{}, &Mismatch{ID: id}
	}
	return Receipt{ID: id, Known: true}, nil
}

// unavailable leaves an error that already says so as it is.
func unavailable(doing string, err error) error {
	var already *video.ServiceUnavailable
	if errors.As(err, &already) {
		return already
	}
	return &video.ServiceUnavailable{Doing: doing, Err: err}
}
