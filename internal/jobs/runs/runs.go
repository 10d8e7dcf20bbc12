package runs

import (
	"context"
	"encoding/json"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/takeup/takeup/internal/jobs/arn"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/execname"
)

// Run is what an execution shows of its job.
type Run struct {
	Name    string
	Job     string // job's id
	Redrive int    // 0 for the job's own execution
	// Request is the input of a job's own execution, or nil if that is not a request.
	Request *video.Request
	Started time.Time
	Running bool
	// State is the last output of a step that has a generation, or zero if none has.
	State video.Job
}

// History is the part of the Step Functions API that Read uses.
type History interface {
	ListExecutions(context.Context, *sfn.ListExecutionsInput, ...func(*sfn.Options)) (*sfn.ListExecutionsOutput, error)
	DescribeExecution(context.Context, *sfn.DescribeExecutionInput, ...func(*sfn.Options)) (*sfn.DescribeExecutionOutput, error)
	GetExecutionHistory(context.Context, *sfn.GetExecutionHistoryInput, ...func(*sfn.Options)) (*sfn.GetExecutionHistoryOutput, error)
}

// Read reads the executions of a state machine that are running or have ended since a time, each
// with the output of its steps. It skips executions whose names are known, and calls wait before
// each of the others. Step Functions keeps an execution for 90 days after its end. The error is
// a *video.ServiceUnavailable.
func Read(ctx context.Context, client History, machine arn.ARN, since time.Time, known func(name string) bool, wait func(context.Context) error) ([]Run, error) {
	var runs []Run
	pages := sfn.NewListExecutionsPaginator(client, &sfn.ListExecutionsInput{StateMachineArn: aws.String(machine.String()), MaxResults: 1000})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, video.Unavailable("listing the executions", err)
		}
		for _, e := range page.Executions {
			name := aws.ToString(e.Name)
			if e.StopDate != nil && e.StopDate.Before(since) || known(name) {
				continue
			}
			if err := wait(ctx); err != nil {
				return nil, video.Unavailable("reading the executions", err)
			}
			r, err := run(ctx, client, name, machine.Execution(name))
			if err != nil {
				return nil, video.Unavailable("reading execution "+name, err)
			}
			if video.ValidID(r.Job) {
				runs = append(runs, r)
			}
		}
	}
	return runs, nil
}

func run(ctx context.Context, client History, name, arn string) (Run, error) {
	out, err := client.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: &arn})
	if err != nil {
		return Run{}, err
	}
	r := Run{Name: name, Job: name, Started: aws.ToTime(out.StartDate), Running: out.Status == types.ExecutionStatusRunning}
	if id := Resumes(aws.ToString(out.Input)); id != "" {
		r.Job = id
		if of, n := execname.RedriveOf(name); of == id {
			r.Redrive = n
		}
	} else {
		r.Request = Request(out)
	}
	if r.State = generationIn(out.Output); r.State.GenerationID != "" {
		return r, nil
	}
	pages := sfn.NewGetExecutionHistoryPaginator(client, &sfn.GetExecutionHistoryInput{ExecutionArn: &arn, ReverseOrder: true, MaxResults: 1000})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return Run{}, err
		}
		for _, event := range page.Events {
			if exited := event.StateExitedEventDetails; exited != nil {
				if r.State = generationIn(exited.Output); r.State.GenerationID != "" {
					return r, nil
				}
			}
		}
	}
	return r, nil
}

// generationIn decodes the output of a step. It returns the zero Job if there is no generation.
func generationIn(output *string) video.Job {
	var state video.Job
	if json.Unmarshal([]byte(aws.ToString(output)), &state) != nil || state.GenerationID == "" {
		return video.Job{}
	}
	return state
}
