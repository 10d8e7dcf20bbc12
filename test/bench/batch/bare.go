package batch

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/takeup/takeup/internal/wait"
)

// bareItems is the key of the bare Map's items in the videos bucket.
const bareItems = "bench/items.jsonl"

// bareMachine returns a state machine whose Map reads the same number of items as the batch, at
// the same concurrency. Each child waits as long as a generation takes.
func bareMachine(bucket string, atOnce int, job time.Duration) (string, error) {
	type object = map[string]any
	text, err := json.Marshal(object{"StartAt": "Lines", "States": object{"Lines": object{
		"Type": "Map", "MaxConcurrency": atOnce, "ResultPath": nil, "End": true,
		"ItemReader": object{
			"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": object{"InputType": "JSONL"},
			"Parameters": object{"Bucket": bucket, "Key": bareItems},
		},
		"ItemProcessor": object{
			"ProcessorConfig": object{"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
			"StartAt":         "Wait",
			"States":          object{"Wait": object{"Type": "Wait", "Seconds": max(1, int(job.Seconds())), "End": true}},
		},
	}}})
	return string(text), err
}

// bare runs the bare Map, and returns how long it took.
func (b *bench) bare(ctx context.Context) (time.Duration, error) {
	bucket := b.stack.Outputs["VideosBucket"]
	var items bytes.Buffer
	for n := range b.Lines {
		fmt.Fprintf(&items, "{\"line\":%d}\n", n)
	}
	_, err := b.stack.S3().PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: aws.String(bareItems), Body: bytes.NewReader(items.Bytes())})
	if err != nil {
		return 0, err
	}
	definition, err := bareMachine(bucket, b.AtOnce, b.Job)
	if err != nil {
		return 0, err
	}
	batch, err := b.machines.DescribeStateMachine(ctx, &sfn.DescribeStateMachineInput{StateMachineArn: aws.String(b.stack.Outputs["BatchStateMachineArn"])})
	if err != nil {
		return 0, err
	}
	machine, err := b.machines.CreateStateMachine(ctx, &sfn.CreateStateMachineInput{
		Name: aws.String("bare-map"), Definition: &definition, RoleArn: batch.RoleArn,
	})
	if err != nil {
		return 0, err
	}
	began := time.Now()
	execution, err := b.machines.StartExecution(ctx, &sfn.StartExecutionInput{StateMachineArn: machine.StateMachineArn, Input: aws.String("{}")})
	if err != nil {
		return 0, err
	}
	for {
		is, err := b.machines.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: execution.ExecutionArn})
		if err != nil {
			return 0, err
		}
		switch is.Status {
		case types.ExecutionStatusSucceeded:
			return time.Since(began), nil
		case types.ExecutionStatusRunning:
		default:
			return 0, fmt.Errorf("it is %s: %s", is.Status, aws.ToString(is.Cause))
		}
		if err := wait.For(ctx, time.Second/4); err != nil {
			return 0, err
		}
	}
}
