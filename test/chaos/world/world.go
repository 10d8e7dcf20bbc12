// Package world is the deployed stack of a run, with its options and its jobs. It reads the
// outcomes of the jobs and bypasses the proxies.
package world

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/takeup/takeup/internal/dev/stack"
	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/test/chaos/faults"
	"github.com/takeup/takeup/test/chaos/provider"
	"github.com/takeup/takeup/test/chaos/proxy"
)

// World is a deployed stack and what misbehaves around it.
type World struct {
	Options  Options
	Plan     *faults.Plan
	Names    *faults.Names
	Provider *provider.Simulator
	Stack    *stack.Stack
	Replica  *proxy.Replica
	Caps     *Caps          // nil if there are none
	Account  *proxy.Account // nil if there is none
	Jobs     []*Job
	ByName   map[string]*Job
	Batches  []*Batch
	// Limits tracks how many videos each batch makes at once, and Endings how jobs and batches end.
	Limits  *proxy.Batches
	Endings *proxy.Endings
	// Hooks is the URL of the receiver of webhooks, without a path.
	Hooks string
	// Poisoned are the keys of the items of the outbox that can't be told.
	Poisoned []string
	// Functions and Rules map the template's names to AWS's.
	Functions, Rules map[string]string

	Table         *table.Table
	Items         *dynamodb.Client
	S3            *s3.Client
	StepFunctions *sfn.Client
	Secrets       *secretsmanager.Client
	Lambda        *lambda.Client
	Logs          *cloudwatchlogs.Client

	mu  sync.Mutex
	Odd []string // unexpected events during the run
}

// Connect creates the clients and lowers the functions' timeouts.
func (w *World) Connect(ctx context.Context, proxies ...*proxy.Proxy) error {
	config := w.Stack.Config()
	w.S3, w.StepFunctions = w.Stack.S3(), sfn.NewFromConfig(config)
	w.Secrets, w.Lambda = secretsmanager.NewFromConfig(config), lambda.NewFromConfig(config)
	w.Logs = cloudwatchlogs.NewFromConfig(config)
	w.Items = dynamodb.NewFromConfig(config)
	w.Table = table.New(w.Items, w.Stack.Outputs["JobsTable"], nil, nil) // it only reads
	if w.Replica != nil {
		w.Replica.Client.Store(w.Items)
	}
	for _, p := range proxies {
		if err := p.SendTo(w.Stack.AWS, config.Credentials); err != nil {
			return err
		}
	}
	name := stack.StackName
	reply, err := cloudformation.NewFromConfig(config).DescribeStackResources(ctx, &cloudformation.DescribeStackResourcesInput{StackName: &name})
	if err != nil {
		return err
	}
	w.Functions, w.Rules = map[string]string{}, map[string]string{}
	for _, r := range reply.StackResources {
		switch *r.ResourceType {
		case "AWS::Lambda::Function":
			w.Functions[*r.LogicalResourceId] = *r.PhysicalResourceId
		case "AWS::Events::Rule":
			w.Rules[*r.LogicalResourceId] = *r.PhysicalResourceId
		}
	}
	for function, timeout := range map[string]time.Duration{
		"SubmitFunction": w.Options.Times.SubmitTimeout, "CheckFunction": w.Options.Times.CheckTimeout, "StoreFunction": w.Options.Times.StoreTimeout,
		Prompts: w.Options.Times.CheckTimeout, "ApiFunction": w.Options.Times.CheckTimeout, Settler: w.Options.Times.SettleTimeout,
		"BatchFunction": w.Options.Times.SubmitTimeout, Teller: w.Options.Times.CheckTimeout, "DeliverFunction": deliverTimeout,
	} {
		name := w.Functions[function]
		_, err := w.Lambda.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{
			FunctionName: &name, Timeout: new(int32(timeout.Seconds())),
		})
		if err != nil {
			return fmt.Errorf("lowering the timeout of %s: %w", function, err)
		}
	}
	// A delivery whose function died comes again.
	queues := sqs.NewFromConfig(config)
	for _, output := range HookQueues {
		_, err := queues.SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{
			QueueUrl: new(w.Stack.Outputs[output]), Attributes: map[string]string{string(types.QueueAttributeNameVisibilityTimeout): strconv.Itoa(int(deliverTimeout.Seconds()) + 1)},
		})
		if err != nil {
			return fmt.Errorf("lowering the timeout of the queue of %s: %w", output, err)
		}
	}
	return nil
}

// deliverTimeout is longer than the longest attempt of a webhook.
const deliverTimeout = 20 * time.Second

// HookQueues are the outputs with the URLs of the queues of webhooks that are to be sent.
var HookQueues = []string{"WebhooksUrl", "SlowWebhooksUrl"}

// Unexpected records something that must not happen, such as another id for the same key.
func (w *World) Unexpected(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.Odd = append(w.Odd, fmt.Sprintf(format, args...))
}

// CanaryPrompt begins every prompt of a run, and occurs nowhere else.
const CanaryPrompt = "a paper boat, "

// HookSecret ends the URLs of all webhooks of a run, and occurs nowhere else.
const HookSecret = "/s3cret-hook"

// Caps are the caps of a run with caps: so low that most jobs wait for a slot, and that the
// day's money is spent after less than half of the jobs. Then the operator raises that cap.
type Caps struct {
	Slots int64
	Step  int64 // in USD: the day's cap, and the step by which it is raised; 0 is no cap
}

// CapsOf returns nil for a run without caps.
func CapsOf(o Options) *Caps {
	switch {
	case o.Caps:
		return &Caps{Slots: int64(max(2, min(o.Jobs/8, o.InFlight/4))), Step: int64(max(1, o.Jobs*2/5))}
	case o.Slots > 0:
		return &Caps{Slots: int64(o.Slots)}
	}
	return nil
}

// The template's names of the functions that settle jobs, that take in files, and that tell what is
// in the outbox.
const (
	Settler = "SettleFunction"
	Teller  = "OutboxFunction"
	Prompts = "PromptsFunction"
)
