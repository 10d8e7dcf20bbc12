package chaos

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/takeup/takeup/internal/dev/stack"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim"
	"github.com/takeup/takeup/internal/table"
)

// world is a deployed stack and what misbehaves around it.
type world struct {
	o        Options
	plan     *plan
	names    *names
	provider *provider
	stack    *stack.Stack
	events   *carrier
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

	slots chan struct{}
	// calmed: no execution is stopped any more.
	calmed atomic.Bool

	mu      sync.Mutex
	pending map[*job]bool    // those that are followed, and whether one has a slot
	stops   map[string]*stop // where the jobs' rounds are stopped, by their names
	sent    bool             // all was sent: what is interrupted stays so until a redrive
	odd     []string         // what the run itself saw that mustn't be
}

// Run sends the jobs, waits for their ends, redrives what can be, and gives what
// it found. The error is of the run itself; what breaks a promise is in the
// Result.
func Run(ctx context.Context, o Options) (_ *Result, err error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	w := &world{
		o: o, caps: capsOf(o), plan: newPlan(o.Seed, o.Faults), names: newNames(), jobs: newJobs(o.Jobs),
		slots: make(chan struct{}, o.UnderWay), byName: map[string]*job{}, pending: map[*job]bool{}, stops: map[string]*stop{},
	}
	for _, j := range w.jobs {
		w.byName[j.name] = j
	}
	w.plan.reached = func(kind, job string) { w.reached(ctx, kind, job) }
	w.plan.first[string(sim.KindDownload)] = o.FirstDownload
	if w.provider, err = newProvider(o, w.plan, w.names); err != nil {
		return nil, err
	}
	refusing := w.plan
	if o.Faults == 0 {
		refusing = nil
	}
	store := newStorage(w.plan, w.names)
	bought, err := listen(w.provider, refusing)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, bought.close()) }()
	kept, err := listen(store, nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, kept.close()) }()
	if o.Faults > 0 {
		w.replica = newReplica(w.plan)
	}
	database := newDatabase(w.plan, w.names, w.replica)
	if w.caps != nil {
		w.account = newAccount(w.caps)
		database.around = w.account.carry
	}
	known, err := listen(database, nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, known.close()) }()
	states := newStates(w.plan, w.names)
	started, err := listen(states, nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, started.close()) }()

	began := time.Now()
	w.stack, err = stack.Start(ctx, stack.Options{
		Root: o.Root, StateDir: o.StateDir,
		Provider:   &stack.Provider{BaseURL: bought.url(), Key: firstKey},
		Parameters: o.Times.parameters(w.caps),
		Env: []string{
			"AWS_ENDPOINT_URL_S3=" + kept.url(), "AWS_ENDPOINT_URL_DYNAMODB=" + known.url(), "AWS_ENDPOINT_URL_SFN=" + started.url(),
			fmt.Sprint("SFN_WAIT_SCALE=", o.Times.Scale),
		},
		Output: o.Output,
	})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.stack.Stop(context.WithoutCancel(ctx))) }()
	if err := w.connect(ctx, store, database, states); err != nil {
		return nil, err
	}
	if w.events, err = newCarrier(ctx, w, w.stack.Config()); err != nil {
		return nil, fmt.Errorf("taking over the status events: %w", err)
	}
	return w.settling(ctx, began)
}

// settling runs, while status events are carried, sweeps are made and caps raised.
func (w *world) settling(ctx context.Context, began time.Time) (*Result, error) {
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	var carried, met error
	all.Go(func() { w.sweep(ctx) })
	all.Go(func() { carried = w.events.run(ctx) })
	if w.caps != nil && w.caps.step > 0 {
		all.Go(func() { met = w.meet(ctx) })
	}
	result, err := w.run(ctx, began)
	cancel()
	all.Wait()
	return result, errors.Join(err, carried, met)
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

func (w *world) run(ctx context.Context, began time.Time) (*Result, error) {
	timing := []stage{{"start", time.Since(began)}}
	lap := func(name string, do func(context.Context) error) error {
		began := time.Now()
		err := do(ctx)
		timing = append(timing, stage{name, time.Since(began)})
		fmt.Fprintf(w.o.Output, "%s ... %.1f s\n", name, time.Since(began).Seconds())
		return err
	}
	for _, s := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"sending the jobs, until every execution has ended", w.sendAll},
		{"sending what was sent again", w.sendAgain},
		{"looking at the outcomes again", w.lookAgain},
		{"redriving, until every execution has ended", w.redriveAll},
		{"delivering the events that are late", w.events.finish},
		{"looking at the outcomes again after it", w.lookAgain},
		{"looking for keys, signed URLs and prompts", w.checkSecrets},
	} {
		if err := lap(s.name, s.do); err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
	}
	var result *Result
	err := lap("checking the promises", func(ctx context.Context) error {
		var err error
		result, err = w.check(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	result.timing = timing
	return result, nil
}

// oddly keeps what the run saw that mustn't be, such as another id for the same
// key.
func (w *world) oddly(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.odd = append(w.odd, fmt.Sprintf(format, args...))
}
