package chaos

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/takeup/takeup/internal/dev/stack"
	"github.com/takeup/takeup/internal/table"
)

// world is a deployed stack and what misbehaves around it.
type world struct {
	o        Options
	plan     *plan
	names    *names
	provider *provider
	stack    *stack.Stack
	replica  *replica
	caps     *caps    // nil: none
	account  *account // nil: none
	jobs     []*job
	byName   map[string]*job
	// functions and rules are AWS's names of them, by the template's.
	functions, rules map[string]string

	table  *table.Table
	s3     *s3.Client
	sfn    *sfn.Client
	keys   *secretsmanager.Client
	lambda *lambda.Client
	logs   *cloudwatchlogs.Client

	mu  sync.Mutex
	odd []string // what the run itself saw that mustn't be
}

// connect makes the clients, and lowers the functions' timeouts.
func (w *world) connect(ctx context.Context, proxies ...*proxy) error {
	config := w.stack.Config()
	w.s3, w.sfn = w.stack.S3(), sfn.NewFromConfig(config)
	w.keys, w.lambda = secretsmanager.NewFromConfig(config), lambda.NewFromConfig(config)
	w.logs = cloudwatchlogs.NewFromConfig(config)
	items := dynamodb.NewFromConfig(config)
	w.table = table.New(items, w.stack.Outputs["JobsTable"], nil, nil) // it is only read
	if w.replica != nil {
		w.replica.client.Store(items)
	}
	for _, p := range proxies {
		if err := p.sendTo(w.stack.AWS); err != nil {
			return err
		}
	}
	name := stack.StackName
	reply, err := cloudformation.NewFromConfig(config).DescribeStackResources(ctx, &cloudformation.DescribeStackResourcesInput{StackName: &name})
	if err != nil {
		return err
	}
	w.functions, w.rules = map[string]string{}, map[string]string{}
	for _, r := range reply.StackResources {
		switch *r.ResourceType {
		case "AWS::Lambda::Function":
			w.functions[*r.LogicalResourceId] = *r.PhysicalResourceId
		case "AWS::Events::Rule":
			w.rules[*r.LogicalResourceId] = *r.PhysicalResourceId
		}
	}
	for function, timeout := range map[string]time.Duration{
		"SubmitFunction": w.o.Times.SubmitTimeout, "CheckFunction": w.o.Times.CheckTimeout, "StoreFunction": w.o.Times.StoreTimeout,
		"PromptsFunction": w.o.Times.CheckTimeout, "ApiFunction": w.o.Times.CheckTimeout, settler: w.o.Times.SettleTimeout,
	} {
		name := w.functions[function]
		_, err := w.lambda.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{
			FunctionName: &name, Timeout: new(int32(timeout.Seconds())),
		})
		if err != nil {
			return fmt.Errorf("lowering the timeout of %s: %w", function, err)
		}
	}
	return nil
}

// oddly keeps what the run saw that mustn't be, such as another id for the same
// key.
func (w *world) oddly(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.odd = append(w.odd, fmt.Sprintf(format, args...))
}

// canaryPrompt begins every prompt of a run, and is in nothing else.
const canaryPrompt = "a paper boat, "

// caps are those of a run with caps: so low that most jobs wait for a slot, and that the
// day's money is over at less than half of the jobs. The operator raises that cap then.
type caps struct {
	slots int64
	step  int64 // USD of the day, and those that its cap is raised by; 0: no cap
}

// capsOf gives none for a run without caps.
func capsOf(o Options) *caps {
	switch {
	case o.Caps:
		return &caps{slots: int64(max(2, min(o.Jobs/8, o.UnderWay/4))), step: int64(max(1, o.Jobs*2/5))}
	case o.Slots > 0:
		return &caps{slots: int64(o.Slots)}
	}
	return nil
}

// settler is the template's name of the function that settles jobs.
const settler = "SettleFunction"
