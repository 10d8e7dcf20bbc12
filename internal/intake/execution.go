package intake

import (
	"bytes"
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

// StepFunctions is what is used of Step Functions.
type StepFunctions interface {
	StartExecution(context.Context, *sfn.StartExecutionInput, ...func(*sfn.Options)) (*sfn.StartExecutionOutput, error)
	DescribeExecution(context.Context, *sfn.DescribeExecutionInput, ...func(*sfn.Options)) (*sfn.DescribeExecutionOutput, error)
}

// Executions are those of one state machine: a job's own, <id>, and those of its
// redrives, <id>-r1, <id>-r2 and so on. A redrive is told by its input, and not
// by its name, which may be that of a job of its own.
type Executions struct {
	client       StepFunctions
	stateMachine statemachine.ARN
}

// NewExecutions makes the Executions of a state machine.
func NewExecutions(client StepFunctions, stateMachine statemachine.ARN) Executions {
	return Executions{client: client, stateMachine: stateMachine}
}

// describe gives the execution of that name, or nil where there is none (any
// more: Step Functions forgets it 90 days after its end). The error is a
// *video.ServiceUnavailable.
func (e Executions) describe(ctx context.Context, name string) (*sfn.DescribeExecutionOutput, error) {
	out, err := e.client.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: aws.String(e.stateMachine.Execution(name))})
	var absent *types.ExecutionDoesNotExist
	switch {
	case errors.As(err, &absent):
		return nil, nil
	case err != nil:
		return nil, unavailable("reading execution "+name+" from Step Functions", err)
	}
	return out, nil
}

// Latest gives the job's execution, or the last of its redrives; nil where there
// is none (any more). It also gives the number that the next redrive has, unless
// one runs. The error is a *video.ServiceUnavailable.
func (e Executions) Latest(ctx context.Context, id string) (latest *sfn.DescribeExecutionOutput, next int, err error) {
	for n := 0; ; n++ {
		out, err := e.describe(ctx, redriveName(id, n))
		if err != nil || out == nil && n > 0 {
			return latest, n, err
		}
		resumed := ""
		if n > 0 {
			resumed = id
		}
		if out == nil || resumes(aws.ToString(out.Input)) != resumed {
			continue
		}
		latest = out
		if out.Status == types.ExecutionStatusRunning {
			return latest, n + 1, nil
		}
	}
}

// redriven reports whether the job has a redrive after its n-th.
func (e Executions) redriven(ctx context.Context, id string, n int) (bool, error) {
	for {
		n++
		out, err := e.describe(ctx, redriveName(id, n))
		if err != nil || out == nil {
			return false, err
		}
		if resumes(aws.ToString(out.Input)) == id {
			return true, nil
		}
	}
}

// start starts an execution. It reports whether the name is taken, by an
// execution that ended or that has another input; one that runs on the same input
// is the one that was asked for. The error is a *video.ServiceUnavailable.
func (e Executions) start(ctx context.Context, name string, input []byte) (taken bool, err error) {
	_, err = e.client.StartExecution(ctx, &sfn.StartExecutionInput{
		StateMachineArn: aws.String(e.stateMachine.String()), Name: &name, Input: aws.String(string(input)),
	})
	var exists *types.ExecutionAlreadyExists
	switch {
	case errors.As(err, &exists):
		return true, nil
	case err != nil:
		return false, unavailable("starting execution "+name, err)
	}
	return false, nil
}

// redrive starts the job's next redrive, from the n-th, and gives the execution's
// name. The request is that of a job which the table doesn't have; nil otherwise.
func (e Executions) redrive(ctx context.Context, id string, n int, request *video.Request) (string, error) {
	input, err := resume(id, request)
	if err != nil {
		return "", err
	}
	for ; ; n++ {
		name := redriveName(id, n)
		taken, err := e.start(ctx, name, input)
		switch {
		case err != nil:
			return "", err
		case !taken:
			return name, nil
		}
		// Another may have begun the job anew, or redriven it, at this moment.
		out, err := e.describe(ctx, name)
		if err != nil {
			return "", err
		}
		if out != nil && out.Status == types.ExecutionStatusRunning && resumes(aws.ToString(out.Input)) == id {
			return name, nil
		}
	}
}

// redriveName is the name of a job's n-th redrive; 0 is the job's own.
func redriveName(id string, n int) string {
	if n == 0 {
		return id
	}
	return fmt.Sprintf("%s-r%d", id, n)
}

// resumption is the input of a redrive. It has the request of a job which the
// ledger doesn't have, so that the job is begun by it.
type resumption struct {
	ID      string         `json:"id"`
	Resume  bool           `json:"resume"`
	Request *video.Request `json:"request,omitempty"`
}

// resume gives the input of a redrive. It escapes no <, > and &, which would make
// a long text longer than Step Functions takes.
func resume(id string, request *video.Request) ([]byte, error) {
	var input bytes.Buffer
	encoder := json.NewEncoder(&input)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(resumption{ID: id, Resume: true, Request: request}); err != nil {
		return nil, fmt.Errorf("encoding the redrive of job %s: %w", id, err)
	}
	return bytes.TrimSpace(input.Bytes()), nil
}

// resumes gives the job that an execution with that input goes on with; empty
// where it is a job of its own.
func resumes(input string) string {
	var given struct {
		ID     string `json:"id"`
		Resume bool   `json:"resume"`
	}
	if json.Unmarshal([]byte(input), &given) != nil || !given.Resume {
		return ""
	}
	return given.ID
}

// requestOf gives the request in an execution's input: of a job that it begins,
// or begins anew. It is nil where there is none that is valid.
func requestOf(execution *sfn.DescribeExecutionOutput) *video.Request {
	input := []byte(aws.ToString(execution.Input))
	if resumes(string(input)) != "" {
		var given struct {
			Request json.RawMessage `json:"request"`
		}
		if json.Unmarshal(input, &given) != nil {
			return nil
		}
		input = given.Request
	}
	r, err := video.ParseRequest(input)
	if err != nil {
		return nil
	}
	return &r
}

// cause says why an execution failed. What Lambda gives Step Functions as the
// cause is a JSON object around the message of the error, which is one of ours.
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

// failure puts an execution's end into the words of an ending.
func failure(execution *sfn.DescribeExecutionOutput) *video.EndingRecord {
	ending := &video.EndingRecord{
		Error: aws.ToString(execution.Error), Message: cause(execution), At: aws.ToTime(execution.StopDate),
	}
	name, otherwise := string(execution.Status), "the state machine ended without a reason; redrive the job"
	switch execution.Status {
	case types.ExecutionStatusAborted:
		name, otherwise = "Aborted", "the execution was stopped by an operator; redrive the job to go on with it"
	case types.ExecutionStatusTimedOut:
		name, otherwise = "States.Timeout", "the execution took longer than the state machine allows; redrive the job to go on with it"
	case types.ExecutionStatusSucceeded:
		name, otherwise = "VideoGone", "the video was stored, and was taken out of the bucket since; redrive the job to fetch it again while the provider keeps it"
	}
	if ending.Error == "" {
		ending.Error = name
	}
	if ending.Message == "" {
		ending.Message = otherwise
	}
	return ending
}
