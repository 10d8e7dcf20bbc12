package intake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/takeup/takeup/internal/statemachine"
	"github.com/takeup/takeup/internal/video"
)

// executions are those of one state machine.
type executions struct {
	client       Executions
	stateMachine statemachine.ARN
}

// describe gives the execution of that name, or nil where there is none (any
// more).
func (e executions) describe(ctx context.Context, name string) (*sfn.DescribeExecutionOutput, error) {
	out, err := e.client.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: aws.String(e.stateMachine.Execution(name))})
	var absent *types.ExecutionDoesNotExist
	switch {
	case errors.As(err, &absent):
		return nil, nil
	case err != nil:
		return nil, unavailable("reading the execution from Step Functions", err)
	}
	return out, nil
}

// latest gives the job's execution, or the last of its redrives, which are
// executions <id>-r1, <id>-r2 and so on; nil where there is none (any more). An
// execution that runs or has succeeded is the last one.
func (e executions) latest(ctx context.Context, id string) (*sfn.DescribeExecutionOutput, error) {
	last, err := e.describe(ctx, id)
	for n := 1; err == nil && (last == nil || ended(last)); n++ {
		var next *sfn.DescribeExecutionOutput
		if next, err = e.describe(ctx, fmt.Sprintf("%s-r%d", id, n)); next == nil {
			break
		}
		last = next
	}
	return last, err
}

// redrive reports whether an execution goes on with another job: its name isn't a
// job's id.
func redrive(execution *sfn.DescribeExecutionOutput) bool {
	var input struct {
		Resume bool `json:"resume"`
	}
	return json.Unmarshal([]byte(aws.ToString(execution.Input)), &input) == nil && input.Resume
}

func ended(execution *sfn.DescribeExecutionOutput) bool {
	switch execution.Status {
	case types.ExecutionStatusFailed, types.ExecutionStatusTimedOut, types.ExecutionStatusAborted:
		return true
	}
	return false
}

// Cause says why an execution failed. What Lambda gives Step Functions as the
// cause is a JSON object around the message of the error, which is one of ours.
func Cause(execution *sfn.DescribeExecutionOutput) string {
	var thrown struct {
		Message string `json:"errorMessage"`
	}
	cause := aws.ToString(execution.Cause)
	if json.Unmarshal([]byte(cause), &thrown) == nil && thrown.Message != "" {
		return thrown.Message
	}
	return cause
}

// failure puts an execution's end into the words of an ending.
func failure(execution *sfn.DescribeExecutionOutput) *video.EndingRecord {
	ending := &video.EndingRecord{
		Error: aws.ToString(execution.Error), Message: Cause(execution), At: aws.ToTime(execution.StopDate),
	}
	name, otherwise := string(execution.Status), "the state machine ended without a reason; redrive the job"
	switch execution.Status {
	case types.ExecutionStatusAborted:
		name, otherwise = "Aborted", "the execution was stopped by an operator; redrive the job to go on with it"
	case types.ExecutionStatusTimedOut:
		name, otherwise = "States.Timeout", "the execution took longer than the state machine allows; redrive the job to go on with it"
	case types.ExecutionStatusSucceeded:
		name, otherwise = "VideoGone", "the video was stored, and was taken out of the bucket since; send the request anew for another one"
	}
	if ending.Error == "" {
		ending.Error = name
	}
	if ending.Message == "" {
		ending.Message = otherwise
	}
	return ending
}
