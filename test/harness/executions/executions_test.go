package executions

import (
	"context"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

const machine, execution = "arn:aws:states:us-east-1:000000000000:stateMachine:m", "arn:aws:states:us-east-1:000000000000:execution:m:a"

// engine has one execution with an input, and answers a start with err.
type engine struct {
	err   error
	input string
}

func (e engine) StartExecution(context.Context, *sfn.StartExecutionInput, ...func(*sfn.Options)) (*sfn.StartExecutionOutput, error) {
	return &sfn.StartExecutionOutput{ExecutionArn: new(execution)}, e.err
}

func (e engine) DescribeExecution(_ context.Context, in *sfn.DescribeExecutionInput, _ ...func(*sfn.Options)) (*sfn.DescribeExecutionOutput, error) {
	if *in.ExecutionArn != execution {
		return nil, &types.ExecutionDoesNotExist{}
	}
	return &sfn.DescribeExecutionOutput{Input: &e.input}, nil
}

func TestStart(t *testing.T) {
	exists, throttled := &types.ExecutionAlreadyExists{}, errors.New("throttled")
	for name, test := range map[string]struct {
		engine
		want error
	}{
		"started":                       {engine{}, nil},
		"started by a lost answer":      {engine{exists, "{}"}, nil},
		"another with that name":        {engine{exists, `{"prompt":"another"}`}, exists},
		"not started for other reasons": {engine{throttled, "{}"}, throttled},
	} {
		arn, err := Start(t.Context(), test.engine, machine, "a", "{}")
		if !errors.Is(err, test.want) || (err == nil) != (arn == execution) {
			t.Errorf("%s: %q, %v; want %v", name, arn, err, test.want)
		}
	}
}
