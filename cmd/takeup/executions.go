package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/takeup/takeup/internal/reconcile"
)

// stepFunctions is what is used of Step Functions.
type stepFunctions interface {
	StartExecution(context.Context, *sfn.StartExecutionInput, ...func(*sfn.Options)) (*sfn.StartExecutionOutput, error)
	DescribeExecution(context.Context, *sfn.DescribeExecutionInput, ...func(*sfn.Options)) (*sfn.DescribeExecutionOutput, error)
}

// executions are a state machine's: the job's, <id>, and those of its redrives,
// <id>-r1, <id>-r2 and so on.
type executions struct {
	client       stepFunctions
	stateMachine string
}

// executionARN is the ARN of a state machine's execution of that name.
func executionARN(stateMachine, name string) string {
	return strings.Replace(stateMachine, ":stateMachine:", ":execution:", 1) + ":" + name
}

// describe gives the execution of that name, or nil where there is none (any
// more: Step Functions forgets it 90 days after its end).
func (e executions) describe(ctx context.Context, name string) (*sfn.DescribeExecutionOutput, error) {
	arn := executionARN(e.stateMachine, name)
	out, err := e.client.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: &arn})
	var absent *types.ExecutionDoesNotExist
	switch {
	case errors.As(err, &absent):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("reading execution %s: %w", name, err)
	}
	return out, nil
}

// Latest gives the job's execution, or the last of its redrives.
func (e executions) Latest(ctx context.Context, id string) (reconcile.Execution, error) {
	latest, _, err := e.latest(ctx, id)
	return latest, err
}

// latest also gives the number that the next redrive has.
func (e executions) latest(ctx context.Context, id string) (reconcile.Execution, int, error) {
	var latest reconcile.Execution
	for n := 0; ; n++ {
		name, resumed := redriveName(id, n), ""
		if n > 0 {
			resumed = id
		}
		out, err := e.describe(ctx, name)
		if err != nil {
			return latest, n, err
		}
		if out == nil && n > 0 {
			return latest, n, nil
		}
		// A name is not trusted: "a-r1" may be a job of its own, and is not
		// one where it is a redrive of a.
		if out == nil || resumes(aws.ToString(out.Input)) != resumed {
			continue
		}
		latest = reconcile.Execution{Name: name, Status: string(out.Status), Error: aws.ToString(out.Error)}
	}
}

// redriveName is the name of a job's n-th redrive; 0 is the job's own.
func redriveName(id string, n int) string {
	if n == 0 {
		return id
	}
	return fmt.Sprintf("%s-r%d", id, n)
}

type resumption struct {
	ID     string `json:"id"`
	Resume bool   `json:"resume"`
}

// resumes gives the job that an execution with that input goes on with; empty
// where it is a job of its own.
func resumes(input string) string {
	var given resumption
	if json.Unmarshal([]byte(input), &given) != nil || !given.Resume {
		return ""
	}
	return given.ID
}

// redrive starts the job's next redrive, and gives the execution's name.
func (e executions) redrive(ctx context.Context, id string, n int) (string, error) {
	input, err := json.Marshal(resumption{ID: id, Resume: true})
	if err != nil {
		return "", err
	}
	for ; ; n++ {
		name := redriveName(id, n)
		_, err := e.client.StartExecution(ctx, &sfn.StartExecutionInput{
			StateMachineArn: &e.stateMachine, Name: &name, Input: aws.String(string(input)),
		})
		var taken *types.ExecutionAlreadyExists
		if errors.As(err, &taken) {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("starting execution %s: %w", name, err)
		}
		return name, nil
	}
}

// wait waits for an execution's end, and gives it.
func (e executions) wait(ctx context.Context, w *world, name string) (*sfn.DescribeExecutionOutput, error) {
	for {
		out, err := e.describe(ctx, name)
		if err != nil || out != nil && out.Status != types.ExecutionStatusRunning {
			return out, err
		}
		if err := w.sleep(ctx, 2*time.Second); err != nil {
			return nil, fmt.Errorf("execution %s goes on without being watched: %w", name, err)
		}
	}
}
