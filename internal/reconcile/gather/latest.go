package gather

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/takeup/takeup/internal/jobs/runs"
	"github.com/takeup/takeup/internal/video"
)

// Latest finds the last execution of a job in Step Functions. It implements Executions.
type Latest struct {
	Executions runs.Executions
	Jobs       Jobs
}

// Latest implements Executions. A job that is not in the table has at most its own execution.
func (l Latest) Latest(ctx context.Context, id string) (Execution, error) {
	entry, _, err := l.Jobs.Get(ctx, id)
	var absent *video.NoEntry
	if errors.As(err, &absent) {
		entry, err = video.Entry{Execution: id}, nil
	}
	if err != nil {
		return Execution{}, err
	}
	out, err := l.Executions.Latest(ctx, entry)
	if err != nil || out == nil {
		return Execution{}, err
	}
	return Execution{Name: aws.ToString(out.Name), Status: string(out.Status), Error: aws.ToString(out.Error)}, nil
}
