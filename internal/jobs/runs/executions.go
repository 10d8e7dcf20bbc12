// Package runs reads, starts and stops the executions of the state machine, and says what one
// shows of its job: whose it is, and how the job ended if its item doesn't say.
package runs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/jobs/arn"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/video"
)

// StepFunctions is the part of the Step Functions API that Executions uses.
type StepFunctions interface {
	StartExecution(context.Context, *sfn.StartExecutionInput, ...func(*sfn.Options)) (*sfn.StartExecutionOutput, error)
	DescribeExecution(context.Context, *sfn.DescribeExecutionInput, ...func(*sfn.Options)) (*sfn.DescribeExecutionOutput, error)
	StopExecution(context.Context, *sfn.StopExecutionInput, ...func(*sfn.Options)) (*sfn.StopExecutionOutput, error)
}

// Executions are the executions of one state machine: a job's own, <id>, and those of its
// redrives, <id>-r1, <id>-r2 and so on. A redrive is recognized by its input, not by its name,
// which can be the id of another job.
type Executions struct {
	client       StepFunctions
	stateMachine arn.ARN
}

// New returns the Executions of a state machine.
func New(client StepFunctions, stateMachine arn.ARN) Executions {
	return Executions{client: client, stateMachine: stateMachine}
}

// Describe returns the execution with that name, or nil if there is none: Step Functions deletes
// an execution 90 days after its end. The error is a *video.ServiceUnavailable.
func (e Executions) Describe(ctx context.Context, name string) (*sfn.DescribeExecutionOutput, error) {
	out, err := e.client.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: aws.String(e.stateMachine.Execution(name))})
	var absent *types.ExecutionDoesNotExist
	switch {
	case errors.As(err, &absent):
		return nil, nil
	case err != nil:
		return nil, video.Unavailable("reading execution "+name+" from Step Functions", err)
	}
	return out, nil
}

// Latest returns the execution that the job's entry names, or nil if there is none. The error is
// a *video.ServiceUnavailable.
func (e Executions) Latest(ctx context.Context, entry video.Entry) (*sfn.DescribeExecutionOutput, error) {
	return e.Describe(ctx, entry.Execution)
}

// Start starts an execution. It reports whether the name is taken by an execution that has ended
// or has another input. If one with the same input is running, Start succeeds. The error is a
// *video.ServiceUnavailable.
func (e Executions) Start(ctx context.Context, name string, input []byte) (taken bool, err error) {
	_, err = e.client.StartExecution(ctx, &sfn.StartExecutionInput{
		StateMachineArn: aws.String(e.stateMachine.String()), Name: &name, Input: aws.String(string(input)),
	})
	var exists *types.ExecutionAlreadyExists
	switch {
	case errors.As(err, &exists):
		return true, nil
	case err != nil:
		return false, video.Unavailable("starting execution "+name, err)
	}
	return false, nil
}

// Stop stops an execution that another one replaces, at best effort: it does no harm if both
// run.
func (e Executions) Stop(ctx context.Context, name, cause string) {
	_, _ = e.client.StopExecution(ctx, &sfn.StopExecutionInput{ExecutionArn: aws.String(e.stateMachine.Execution(name)), Cause: &cause})
}

// Input returns the input of the execution that an entry names. The input of the job's own
// execution is its request. That of a later one names the job, and says whether to resume from
// an outcome.
//
// It doesn't escape <, > and &, since a long text could then exceed the limit of Step Functions.
func Input(entry video.Entry) ([]byte, error) {
	if entry.Execution == entry.ID {
		input, err := entry.Request.MarshalJSON()
		if err != nil {
			return nil, fmt.Errorf("encoding the request of job %s: %w", entry.ID, err)
		}
		return input, nil
	}
	if entry.Outcome == nil || entry.Over() {
		return fmt.Appendf(nil, `{"id":%q,"status":%q}`, entry.ID, video.Waiting), nil
	}
	return fmt.Appendf(nil, `{"id":%q,"resume":true}`, entry.ID), nil
}

// Belongs reports whether an execution is the entry's, and not another one with the same name.
func Belongs(execution *sfn.DescribeExecutionOutput, entry video.Entry) bool {
	if entry.Execution != entry.ID {
		return Resumes(aws.ToString(execution.Input)) == entry.ID
	}
	request := Request(execution)
	return request != nil && request.Hash() == entry.RequestHash
}

// Resumes returns the id of the job that an execution with that input resumes, or "" for the
// execution of a new job.
func Resumes(input string) string {
	var given struct {
		ID     string       `json:"id"`
		Resume bool         `json:"resume"`
		Status video.Status `json:"status"`
	}
	if json.Unmarshal([]byte(input), &given) != nil || !given.Resume && given.Status == "" {
		return ""
	}
	return given.ID
}

// Request returns the request in the input of a job's own execution, or nil if there is no
// valid one.
func Request(execution *sfn.DescribeExecutionOutput) *video.Request {
	r, err := catalogue.Parse(all.Models(), []byte(aws.ToString(execution.Input)))
	if err != nil {
		return nil
	}
	return &r
}

// cause says why an execution failed. The cause that Lambda reports to Step Functions is a JSON
// object with the message of the function's error.
func cause(execution *sfn.DescribeExecutionOutput) string {
	var thrown struct {
		Message string `json:"errorMessage"`
	}
	said := aws.ToString(execution.Cause)
	if json.Unmarshal([]byte(said), &thrown) == nil && thrown.Message != "" {
		return thrown.Message
	}
	return said
}

// Ended reports whether an execution has ended without a video.
func Ended(status types.ExecutionStatus) bool {
	return status != types.ExecutionStatusRunning && status != types.ExecutionStatusSucceeded
}

// Outcome records the outcome of a job whose execution ended without recording one. An outcome
// that the state machine retried without success keeps its name; everything else is an
// interruption.
func Outcome(execution *sfn.DescribeExecutionOutput, entry video.Entry) video.Entry {
	at, name := aws.ToTime(execution.StopDate), aws.ToString(execution.Error)
	said := name
	switch {
	case execution.Status == types.ExecutionStatusSucceeded:
		entry.End(&video.VideoGone{}, at)
		return entry
	case slices.ContainsFunc(video.Outcomes(), func(k video.OutcomeKind) bool { return k.Name == name }):
		entry.Outcome = &video.Outcome{Name: name, Message: cause(execution), At: at, Redrive: entry.Redrives}
		return entry
	case execution.Status == types.ExecutionStatusAborted:
		said = "it was stopped by an operator"
	case execution.Status == types.ExecutionStatusTimedOut:
		said = "it took longer than the state machine allows"
	}
	if why := cause(execution); why != "" {
		said += ": " + why
	}
	entry.End(&video.Interrupted{Execution: aws.ToString(execution.Name), Said: said, Paid: entry.Paid()}, at)
	return entry
}

// StateMachine returns the ARN of the state machine.
func (e Executions) StateMachine() arn.ARN { return e.stateMachine }
