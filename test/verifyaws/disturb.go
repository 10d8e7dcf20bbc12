package verifyaws

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
)

func disturbing() []step {
	return []step{
		{name: "looks", checks: "60 looks at a job in a second are answered", group: GroupLoad, jobs: true, run: (*stack).load},
		{name: "no concurrency", checks: "a function that Lambda has no room for fails as Lambda.TooManyRequestsException", group: GroupBreak, jobs: true,
			run: (*stack).throttle, elsewhere: "the local engine calls it Lambda.Unknown"},
		{name: "no time", checks: "a function that runs out of time fails as Sandbox.Timedout", group: GroupBreak, jobs: true,
			run: (*stack).timeout, elsewhere: "the local engine has names of its own for it"},
		{name: "another origin", checks: "a changed ApiCorsOrigin is told by the function and by API Gateway itself", group: GroupRedeploy,
			run: (*stack).redeploy, elsewhere: gateway},
		{name: "delete", checks: "the stack is deleted while a job runs, and how long that takes", group: GroupDelete, jobs: true,
			run: (*stack).remove, elsewhere: "the local engine ends executions at once"},
	}
}

// load looks at one job, 60 times a second.
func (s *stack) load(ctx context.Context) (string, error) {
	id, err := s.start(ctx, "verify-aws, looked at often")
	if err != nil {
		return "", err
	}
	var (
		mu       sync.Mutex
		statuses = map[int]int{}
		first    = -1
		all      sync.WaitGroup
		failures []error
	)
	tick := time.NewTicker(time.Second / 60)
	defer tick.Stop()
	for n := range s.LoadRequests {
		all.Go(func() {
			got, err := s.ask(ctx, http.MethodGet, "/videos/"+id, nil)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failures = append(failures, err)
				return
			}
			statuses[got.status]++
			if got.status >= http.StatusTooManyRequests && (first < 0 || n < first) {
				first = n
			}
		})
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
	all.Wait()
	if err := errors.Join(failures...); err != nil {
		return "", err
	}
	if first >= 0 {
		return "", otherwise("%v of %d; the first that wasn't served was number %d", statuses, s.LoadRequests, first+1)
	}
	return fmt.Sprintf("%v of %d", statuses, s.LoadRequests), nil
}

// failure starts a job and gives the name of the first error that a step of it
// ended with.
func (s *stack) failure(ctx context.Context, prompt string) (string, error) {
	client := sfn.NewFromConfig(s.Config)
	machine := s.outputs["StateMachineArn"]
	started, err := client.StartExecution(ctx, &sfn.StartExecutionInput{StateMachineArn: &machine, Input: new(fmt.Sprintf(`{"prompt":%q}`, prompt))})
	if err != nil {
		return "", err
	}
	name := ""
	err = s.until(ctx, "a failure", func(ctx context.Context) (bool, error) {
		history, err := client.GetExecutionHistory(ctx, &sfn.GetExecutionHistoryInput{ExecutionArn: started.ExecutionArn})
		if err != nil {
			return false, err
		}
		for _, event := range history.Events {
			switch {
			case event.LambdaFunctionFailedEventDetails != nil:
				name = aws.ToString(event.LambdaFunctionFailedEventDetails.Error)
			case event.TaskFailedEventDetails != nil:
				name = aws.ToString(event.TaskFailedEventDetails.Error)
			case event.LambdaFunctionTimedOutEventDetails != nil:
				name = aws.ToString(event.LambdaFunctionTimedOutEventDetails.Error)
			}
		}
		return name != "", nil
	})
	_, stopped := client.StopExecution(ctx, &sfn.StopExecutionInput{ExecutionArn: started.ExecutionArn})
	return name, errors.Join(err, stopped)
}

func (s *stack) failsAs(ctx context.Context, want string) (string, error) {
	name, err := s.failure(ctx, "verify-aws, "+want)
	if err == nil && name != want {
		err = otherwise("it fails as %s", name)
	}
	return name, err
}

func (s *stack) throttle(ctx context.Context) (saw string, err error) {
	client, name := lambda.NewFromConfig(s.Config), s.names["SubmitFunction"]
	before, err := client.GetFunctionConcurrency(ctx, &lambda.GetFunctionConcurrencyInput{FunctionName: &name})
	if err != nil {
		return "", err
	}
	if _, err := client.PutFunctionConcurrency(ctx, &lambda.PutFunctionConcurrencyInput{FunctionName: &name, ReservedConcurrentExecutions: new(int32(0))}); err != nil {
		return "", err
	}
	defer func() {
		ctx := context.WithoutCancel(ctx)
		var back error
		if before.ReservedConcurrentExecutions == nil {
			_, back = client.DeleteFunctionConcurrency(ctx, &lambda.DeleteFunctionConcurrencyInput{FunctionName: &name})
		} else {
			_, back = client.PutFunctionConcurrency(ctx, &lambda.PutFunctionConcurrencyInput{FunctionName: &name, ReservedConcurrentExecutions: before.ReservedConcurrentExecutions})
		}
		err = errors.Join(err, back)
	}()
	return s.failsAs(ctx, "Lambda.TooManyRequestsException")
}

// timeout has Submit wait for an address that answers nothing, longer than it has.
// https://www.rfc-editor.org/rfc/rfc5737 keeps the address for documentation.
func (s *stack) timeout(ctx context.Context) (saw string, err error) {
	client, name := lambda.NewFromConfig(s.Config), s.names["SubmitFunction"]
	before, err := client.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &name})
	if err != nil {
		return "", err
	}
	put := func(ctx context.Context, seconds int32) error {
		if _, err := client.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{FunctionName: &name, Timeout: &seconds}); err != nil {
			return err
		}
		return lambda.NewFunctionUpdatedV2Waiter(client).Wait(ctx, &lambda.GetFunctionInput{FunctionName: &name}, patience)
	}
	if err := put(ctx, 1); err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, put(context.WithoutCancel(ctx), aws.ToInt32(before.Timeout))) }()
	return s.failsAs(ctx, "Sandbox.Timedout")
}

// redeploy changes the stack's ApiCorsOrigin by CloudFormation, and puts it back.
func (s *stack) redeploy(ctx context.Context) (saw string, err error) {
	const origin = "https://verify-aws.example"
	if err := s.update(ctx, origin); err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, s.update(context.WithoutCancel(ctx), s.parameters["ApiCorsOrigin"])) }()
	return s.originIs(ctx, origin)
}

func (s *stack) update(ctx context.Context, origin string) error {
	client := cloudformation.NewFromConfig(s.Config)
	parameters := []types.Parameter{{ParameterKey: aws.String("ApiCorsOrigin"), ParameterValue: &origin}}
	for name := range s.parameters {
		if name != "ApiCorsOrigin" {
			parameters = append(parameters, types.Parameter{ParameterKey: &name, UsePreviousValue: aws.Bool(true)})
		}
	}
	_, err := client.UpdateStack(ctx, &cloudformation.UpdateStackInput{
		StackName: &s.Stack, UsePreviousTemplate: aws.Bool(true), Parameters: parameters,
		Capabilities: []types.Capability{types.CapabilityCapabilityIam, types.CapabilityCapabilityAutoExpand},
	})
	if err != nil {
		return err
	}
	return cloudformation.NewStackUpdateCompleteWaiter(client).Wait(ctx, &cloudformation.DescribeStacksInput{StackName: &s.Stack}, 15*time.Minute)
}

func (s *stack) remove(ctx context.Context) (string, error) {
	if _, err := s.start(ctx, "verify-aws, running while the stack is deleted"); err != nil {
		return "", err
	}
	client, began := cloudformation.NewFromConfig(s.Config), time.Now()
	if _, err := client.DeleteStack(ctx, &cloudformation.DeleteStackInput{StackName: &s.Stack}); err != nil {
		return "", err
	}
	if err := cloudformation.NewStackDeleteCompleteWaiter(client).Wait(ctx, &cloudformation.DescribeStacksInput{StackName: &s.Stack}, 2*time.Hour); err != nil {
		return "", err
	}
	return fmt.Sprintf("deleted in %s; the buckets %s and %s stay", time.Since(began).Round(time.Second), s.outputs["VideosBucket"], s.outputs["PromptsBucket"]), nil
}
