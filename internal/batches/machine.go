package batches

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/takeup/takeup/internal/jobs/arn"
	"github.com/takeup/takeup/internal/video"
)

// StepFunctions is the part of the Step Functions API that Executions uses.
type StepFunctions interface {
	StartExecution(context.Context, *sfn.StartExecutionInput, ...func(*sfn.Options)) (*sfn.StartExecutionOutput, error)
	DescribeExecution(context.Context, *sfn.DescribeExecutionInput, ...func(*sfn.Options)) (*sfn.DescribeExecutionOutput, error)
}

// Executions are the executions of the batches' state machine. They implement Machine.
type Executions struct {
	client       StepFunctions
	stateMachine arn.ARN
}

// NewExecutions returns the Executions of a state machine.
func NewExecutions(client StepFunctions, stateMachine arn.ARN) Executions {
	return Executions{client: client, stateMachine: stateMachine}
}

// Start implements Machine. The error is a *video.ServiceUnavailable.
func (e Executions) Start(ctx context.Context, name string, input []byte) error {
	_, err := e.client.StartExecution(ctx, &sfn.StartExecutionInput{
		StateMachineArn: aws.String(e.stateMachine.String()), Name: &name, Input: aws.String(string(input)),
	})
	var exists *types.ExecutionAlreadyExists
	if err == nil || errors.As(err, &exists) {
		return nil
	}
	return &video.ServiceUnavailable{Doing: "starting execution " + name, Err: err}
}

// Running implements Machine. The error is a *video.ServiceUnavailable.
func (e Executions) Running(ctx context.Context, name string) (bool, error) {
	out, err := e.client.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: aws.String(e.stateMachine.Execution(name))})
	var absent *types.ExecutionDoesNotExist
	switch {
	case errors.As(err, &absent):
		return false, nil
	case err != nil:
		return false, &video.ServiceUnavailable{Doing: "reading execution " + name + " from Step Functions", Err: err}
	}
	return out.Status == types.ExecutionStatusRunning, nil
}
