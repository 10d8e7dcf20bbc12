package intake

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/takeup/takeup/internal/video"
)

// NotRedriven says that there is nothing to go on with of a job, or that it can't
// be gone on with now. Nothing was started.
type NotRedriven struct{ ID, Reason string }

func (e *NotRedriven) Error() string { return "job " + e.ID + " was not redriven: " + e.Reason }

// Redriver goes on with jobs that ended without a video.
type Redriver struct {
	jobs       Jobs
	manifests  Manifests
	executions Executions
}

// NewRedriver makes a Redriver for the jobs of a state machine.
func NewRedriver(jobs Jobs, manifests Manifests, executions Executions) *Redriver {
	return &Redriver{jobs: jobs, manifests: manifests, executions: executions}
}

// Redrive starts the job's next redrive and gives the execution's name. It gives
// a *NotRedriven where there is nothing to redrive, a *video.NoEntry where there
// is no such job, an *video.InvalidRequest for what can't be an id, and a
// *video.ServiceUnavailable where it isn't known whether one was started: asking
// again is safe, since the state machine goes on from the table.
//
// The executions are read first: what ends one is written before.
func (r *Redriver) Redrive(ctx context.Context, id string) (string, error) {
	if err := video.CheckID(id); err != nil {
		return "", err
	}
	latest, next, err := r.executions.Latest(ctx, id)
	if err != nil {
		return "", err
	}
	if latest != nil && latest.Status == types.ExecutionStatusRunning {
		return "", &NotRedriven{id, "its execution " + aws.ToString(latest.Name) + " is still running"}
	}
	_, stored, err := r.manifests.Manifest(ctx, id)
	if err != nil {
		return "", unavailable("reading the manifest", err)
	}
	if stored {
		return "", &NotRedriven{id, "its video is stored already"}
	}
	entry, _, err := r.jobs.Get(ctx, id)
	var unknown *video.NoEntry
	switch {
	case errors.As(err, &unknown) && latest == nil:
		return "", unknown
	case errors.As(err, &unknown) && latest.Status == types.ExecutionStatusSucceeded:
		return "", &NotRedriven{id, "its video and all that was recorded of it were removed; a request under another id is the way"}
	case errors.As(err, &unknown):
		// Nothing was submitted, and the request is still in the input.
		request := requestOf(latest)
		if request == nil {
			return "", &NotRedriven{id, "its execution ended" + with(latest) + " before anything was submitted or paid, and its input has no valid request; send a new one"}
		}
		return r.executions.redrive(ctx, id, next, request)
	case err != nil:
		return "", unavailable("reading the job", err)
	case entry.Ending == nil && !entry.DiscardedAt.IsZero() && latest != nil && latest.Status == types.ExecutionStatusSucceeded:
		return "", &NotRedriven{id, "its video is just being removed; discard it again to see to the end of that, then redrive it"}
	case entry.Ending != nil && entry.Ending.Final():
		return "", &NotRedriven{id, "it ended with " + entry.Ending.Error + ", which stays; a new request is the way: " + entry.Ending.Message}
	}
	return r.executions.redrive(ctx, id, next, nil)
}

func with(execution *sfn.DescribeExecutionOutput) string {
	if name := aws.ToString(execution.Error); name != "" {
		return " with " + name
	}
	return ""
}
