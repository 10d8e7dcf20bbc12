package batches

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/takeup/takeup/internal/jobs/runs"
)

// Executions are the executions of the batches' state machine. They implement Machine.
type Executions struct{ runs runs.Executions }

// NewExecutions returns the Executions of the batches' state machine.
func NewExecutions(executions runs.Executions) Executions { return Executions{executions} }

// Start implements Machine. The error is a *video.ServiceUnavailable.
func (e Executions) Start(ctx context.Context, name string, input []byte) error {
	_, err := e.runs.Start(ctx, name, input)
	return err
}

// Running implements Machine. The error is a *video.ServiceUnavailable.
func (e Executions) Running(ctx context.Context, name string) (bool, error) {
	execution, err := e.runs.Describe(ctx, name)
	return err == nil && execution != nil && execution.Status == types.ExecutionStatusRunning, err
}
