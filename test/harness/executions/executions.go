// Package executions starts executions on the local engine as AWS would. It is a package of its own
// since chaos and several suites start some.
package executions

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// Client is the part of the Step Functions API that Start uses.
type Client interface {
	StartExecution(context.Context, *sfn.StartExecutionInput, ...func(*sfn.Options)) (*sfn.StartExecutionOutput, error)
	DescribeExecution(context.Context, *sfn.DescribeExecutionInput, ...func(*sfn.Options)) (*sfn.DescribeExecutionOutput, error)
}

// ARN returns the ARN of the execution with that name, of the state machine with that ARN.
func ARN(machine, name string) string {
	return strings.Replace(machine, ":stateMachine:", ":execution:", 1) + ":" + name
}

// Start starts an execution and returns its ARN. It succeeds if one of that name and input is
// there, as the SDK finds it when it repeats a request whose answer was lost. Step Functions then
// answers as the first time, and MiniStack refuses.
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
func Start(ctx context.Context, client Client, machine, name, input string) (arn string, err error) {
	started, err := client.StartExecution(ctx, &sfn.StartExecutionInput{StateMachineArn: &machine, Name: &name, Input: &input})
	if err == nil {
		return aws.ToString(started.ExecutionArn), nil
	}
	var exists *types.ExecutionAlreadyExists
	if !errors.As(err, &exists) {
		return "", err
	}
	arn = ARN(machine, name)
	found, unread := client.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: &arn})
	if unread != nil || aws.ToString(found.Input) != input {
		return "", errors.Join(err, unread)
	}
	return arn, nil
}
