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

	"github.com/takeup/takeup/internal/api"
)

func disturbing() []step {
	return []step{
		{name: "looks", checks: "60 reads of a job in a second are answered", group: GroupLoad, jobs: true, run: (*stack).load},
		{name: "no concurrency", checks: "a function that Lambda has no room for fails as Lambda.TooManyRequestsException", group: GroupBreak, jobs: true,
			run: (*stack).throttle, elsewhere: "the local engine calls it Lambda.Unknown"},
		{name: "no time", checks: "a function that runs out of time fails as Sandbox.Timedout", group: GroupBreak, jobs: true, run: (*stack).outOfTime},
		{name: "no memory", checks: "a function that runs out of memory fails as Runtime.OutOfMemory", group: GroupBreak, jobs: true,
			run: (*stack).outOfMemory, elsewhere: "the local engine doesn't limit a function's memory"},
		{name: "another origin", checks: "a changed ApiCorsOrigin is used by the function and by API Gateway itself", group: GroupRedeploy,
			run: (*stack).redeploy, elsewhere: "the local engine loses the API when it updates the stack"},
		{name: "delete", checks: "the stack is deleted while a job runs, and how long that takes", group: GroupDelete, jobs: true, run: (*stack).remove},
	}
}

// load polls one job, 60 times a second.
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
			got, err := s.ask(ctx, http.MethodGet, api.PathOf(api.VideoPath, id), nil)
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

// redeploy changes the stack's ApiCorsOrigin by CloudFormation and changes it back.
func (s *stack) redeploy(ctx context.Context) (saw string, err error) {
	const origin = "https://verify-aws.example"
	if err := s.update(ctx, origin); err != nil {
		return "", err
	}
	defer func() {
		ctx := context.WithoutCancel(ctx)
		// If ctx is over, the first update may still be running.
		if back := errors.Join(s.updated(ctx), s.update(ctx, s.parameters["ApiCorsOrigin"]), s.updated(ctx)); back != nil {
			err = errors.Join(err, fmt.Errorf("putting ApiCorsOrigin back to %q: %w", s.parameters["ApiCorsOrigin"], back))
		}
	}()
	if err := s.updated(ctx); err != nil {
		return "", err
	}
	return s.originIs(ctx, origin)
}

// update starts an update of the stack.
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
	return err
}

// updated waits until an update has ended.
func (s *stack) updated(ctx context.Context) error {
	waiter := cloudformation.NewStackUpdateCompleteWaiter(cloudformation.NewFromConfig(s.Config))
	return waiter.Wait(ctx, &cloudformation.DescribeStacksInput{StackName: &s.Stack}, 15*time.Minute)
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
