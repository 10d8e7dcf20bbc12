package e2e

import (
	"context"
	"crypto/rand"
	"maps"
	mathrand "math/rand/v2"
	"net"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/dev/gateway"
	"github.com/takeup/takeup/internal/dev/stack"
	"github.com/takeup/takeup/internal/provider/aimlapi/pricelist/refresh"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/script"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/wait"
	"github.com/takeup/takeup/test/harness/record"
)

// waitLimit bounds each wait. It is far more than any should take.
const waitLimit = 3 * time.Minute

// providerKey is the key that the simulator accepts until it is replaced.
const providerKey = "key-of-the-end-to-end-tests-0001"

// world is a deployed stack, the simulated provider behind it, and what the tests set for both.
type world struct {
	stack    *stack.Stack
	recorder *record.Recorder
	provider *sim.Server
	// providerURL is the simulator's address.
	providerURL string
	// functions maps the template's names of the functions to AWS's.
	functions map[string]string
	// roles does the same for the roles.
	roles  map[string]string
	schema *jsonschema.Schema // of the manifests

	table   *table.Table
	items   *dynamodb.Client
	s3      *s3.Client
	sfn     *sfn.Client
	secrets *secretsmanager.Client
	lambda  *lambda.Client
	sqs     *sqs.Client
	logs    *cloudwatchlogs.Client

	mu      sync.Mutex
	jobs    map[string]string // job ids by generation id
	faults  map[string]func(script.Call) script.Fault
	fates   map[string]script.Fate
	prompts []string
	private []string // other texts that no log may contain

	probed int // number of jobs of TestGrants so far
}

// start deploys the template unchanged, with the shortest times that it accepts, on an engine of
// its own whose state is in the directory dir.
func start(t *testing.T, dir string) *world {
	w := &world{
		recorder: record.New("ApiFunction"),
		jobs:     map[string]string{}, fates: map[string]script.Fate{},
		faults:  map[string]func(script.Call) script.Fault{},
		private: []string{providerKey},
	}
	var err error
	if w.schema, err = jsonschema.NewCompiler().Compile("../../../docs/manifest.schema.json"); err != nil {
		t.Fatal(err)
	}
	settings := script.DefaultSettings()
	balance := 1000.0
	settings.Keys, settings.JobSeconds, settings.BalanceUSD = []string{providerKey}, 2, &balance
	w.provider, err = sim.New(sim.Config{Settings: settings, Seed: 1, Decide: w.decide, Plan: w.plan})
	if err != nil {
		t.Fatal(err)
	}
	provider, front := httptest.NewServer(w.provider), httptest.NewUnstartedServer(gateway.OneAuthentication(w.recorder))
	// Use another host than the API's, as in AWS: some clients keep their Authorization on a
	// redirect to another port of the same host.
	if err := front.Listener.Close(); err != nil {
		t.Fatal(err)
	}
	if front.Listener, err = new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.2:0"); err != nil {
		t.Fatal(err)
	}
	front.Start()
	t.Cleanup(provider.Close)
	t.Cleanup(front.Close)
	w.providerURL = provider.URL

	w.stack, err = stack.Start(t.Context(), stack.Options{
		Root: "../../..", StateDir: "../../../.takeup/" + dir,
		Provider: &stack.Provider{BaseURL: provider.URL, Key: providerKey},
		Parameters: map[string]string{
			"FirstWaitSeconds": "1", "CheckIntervalSeconds": "1", "RequestGapSeconds": "1", "BusyWaitSeconds": "1",
			"LookupFirstSeconds": "1", "SubmitCallSeconds": "5",
			"MaxUsdPerDay": "0", "MaxInFlight": "0",
			"NotifyEmail": "operator@example.com",
			// The tests poll often, and many at once.
			"ApiRequestsPerSecond": "1000", "ApiBurst": "1000",
		},
		Env:    []string{"AWS_ENDPOINT_URL=" + front.URL},
		Output: t.Output(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.stack.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	if err := w.recorder.SendTo(w.stack.AWS); err != nil {
		t.Fatal(err)
	}
	w.private = append(w.private, w.stack.Token)

	config := w.stack.Config()
	w.items = dynamodb.NewFromConfig(config)
	w.table = table.New(w.items, w.stack.Outputs["JobsTable"], rand.Text, mathrand.N[time.Duration])
	w.s3, w.sfn, w.secrets = w.stack.S3(), sfn.NewFromConfig(config), secretsmanager.NewFromConfig(config)
	w.lambda, w.sqs, w.logs = lambda.NewFromConfig(config), sqs.NewFromConfig(config), cloudwatchlogs.NewFromConfig(config)
	resources := cloudformation.NewFromConfig(config)
	w.functions = physical(t, resources, "AWS::Lambda::Function")
	w.roles = physical(t, resources, "AWS::IAM::Role")
	if got, err := refresh.Prices(t.Context(), w.lambda, w.stack.Outputs["PricesFunction"]); err != nil || !got.Changed || got.Models != len(catalogue.All(all.Models())) {
		t.Fatalf("the first price list: %+v, %v", got, err)
	}
	return w
}

// physical returns the physical names of the stack's resources of a kind.
func physical(t *testing.T, client *cloudformation.Client, kind string) map[string]string {
	name := stack.StackName
	reply, err := client.DescribeStackResources(t.Context(), &cloudformation.DescribeStackResourcesInput{StackName: &name})
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]string{}
	for _, resource := range reply.StackResources {
		if *resource.ResourceType == kind {
			names[*resource.LogicalResourceId] = *resource.PhysicalResourceId
		}
	}
	return names
}

// prompt returns text and records it as one that no log and no state may contain.
func (w *world) prompt(text string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.prompts = append(w.prompts, text)
	return text
}

// fail sets the faults of the provider's calls for a job, before it is started.
func (w *world) fail(job string, fault func(script.Call) script.Fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults[job] = fault
}

// doom sets the fate of a job's generation, before it is started.
func (w *world) doom(job string, fate script.Fate) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fates[job] = fate
}

// complete completes a job's generation, which has the fate script.OutcomeNever.
func (w *world) complete(t *testing.T, job string) {
	t.Helper()
	for _, g := range w.generations(job) {
		if err := w.provider.Complete(g.ID); err != nil {
			t.Error(err)
		}
	}
}

// completeWhenPolled is complete once the provider was asked for the generation, which was seen
// running then. The function that it returns no longer waits for that.
func (w *world) completeWhenPolled(t *testing.T, job string) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	var polling sync.WaitGroup
	polling.Go(func() {
		for w.generations(job)[0].Retrieved == 0 {
			if wait.For(ctx, 50*time.Millisecond) != nil {
				return
			}
		}
		w.complete(t, job)
	})
	return func() {
		cancel()
		polling.Wait()
	}
}

// plan plans the simulator's faults. A job's first call is a create, whose client request id
// begins with the job's id. The id of its generation is known from then on.
func (w *world) plan(call script.Call) script.Fault {
	w.mu.Lock()
	defer w.mu.Unlock()
	job := w.jobs[call.ID]
	if call.Kind == script.KindCreate {
		job = jobOf(call.ID)
	}
	if fault := w.faults[job]; fault != nil {
		return fault(call)
	}
	return script.Fault{}
}

func (w *world) decide(accepted script.Accepted) script.Fate {
	w.mu.Lock()
	defer w.mu.Unlock()
	job := jobOf(accepted.ClientRequestID)
	w.jobs[accepted.GenerationID] = job
	return w.fates[job]
}

// jobOf strips the attempt from a client request id.
func jobOf(clientRequestID string) string {
	job, _, _ := strings.Cut(clientRequestID, ".")
	return job
}

// once limits a fault to the first call of a kind.
func once(kind script.Kind, fault script.Fault) func(script.Call) script.Fault {
	done := false
	return func(call script.Call) script.Fault {
		if call.Kind != kind || done {
			return script.Fault{}
		}
		done = true
		return fault
	}
}

// generations returns what the provider accepted for a job, and what it has charged so far.
func (w *world) generations(job string) []sim.Generation {
	return slices.DeleteFunc(w.provider.Ledger().Generations, func(g sim.Generation) bool {
		return jobOf(g.ClientRequestID) != job
	})
}

// creates returns the create calls that the provider received for a job.
func (w *world) creates(job string) []sim.Create {
	return slices.DeleteFunc(w.provider.Ledger().Creates, func(c sim.Create) bool {
		return jobOf(c.ClientRequestID) != job
	})
}

// sent reports whether the provider received a prompt.
func (w *world) sent(prompt string) bool {
	return slices.ContainsFunc(w.provider.Ledger().Creates, func(c sim.Create) bool {
		return strings.Contains(c.Body, prompt)
	})
}

// await polls done until it returns true.
func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), waitLimit)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-ctx.Done():
			t.Fatalf("timed out waiting for %s", what)
		case <-tick.C:
		}
	}
}

// logical maps AWS's names of the functions to the template's.
func (w *world) logical() map[string]string {
	names := map[string]string{}
	for id, name := range maps.All(w.functions) {
		names[name] = id
	}
	return names
}
