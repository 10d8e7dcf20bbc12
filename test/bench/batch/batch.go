// Package batch measures a batch of many lines on the local stack, with the real template and the
// simulator: how long it takes beside a Distributed Map that only waits, and what each line takes
// of memory, state transitions, requests and money. It also checks that each charge of the
// provider has exactly one line.
package batch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/takeup/takeup/internal/api/client"
	"github.com/takeup/takeup/internal/dev/stack"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/script"
	"github.com/takeup/takeup/internal/wait"
	"github.com/takeup/takeup/test/harness/charges"
	"github.com/takeup/takeup/test/harness/processes"
)

const key = "key-of-the-batch-bench-0001"

// lookupWindow is for how many seconds a submission is looked up that was not answered. The
// simulator's logs have it at once.
const lookupWindow = "60"

// Options configure a run.
type Options struct {
	// Root is the repository's root, and StateDir the directory of the stack's files.
	Root, StateDir string
	Lines          int           // of the file
	AtOnce         int           // how many videos are made at once
	Job            time.Duration // how long a generation takes
	// Kill kills processes of functions at random in the middle of the run. What failed by that is
	// run again.
	Kill bool
	// Seed decides which processes are killed.
	Seed   uint64
	Output io.Writer // gets a line for each stage
}

// Check returns an error for invalid options.
func (o Options) Check() error {
	var errs []error
	if o.Lines < 1 || o.Lines > 100_000 {
		errs = append(errs, fmt.Errorf("lines is %d: give 1 to 100000", o.Lines))
	}
	// The local engine looks after at most 64 lines at once.
	if o.AtOnce < 1 || o.AtOnce > 64 {
		errs = append(errs, fmt.Errorf("at once is %d: give 1 to 64", o.AtOnce))
	}
	if o.Job <= 0 {
		errs = append(errs, errors.New("give a job some time"))
	}
	return errors.Join(errs...)
}

// bench is a running measurement.
type bench struct {
	Options
	stack     *stack.Stack
	provider  *sim.Server
	counter   *counter
	watch     *processes.Watch
	api       *client.Client
	machines  *sfn.Client
	functions map[string]function // by AWS's names
}

// function is a function of the template.
type function struct {
	name string  // in the template
	gb   float64 // of memory
}

// Run runs the measurement.
func Run(ctx context.Context, o Options) (_ *Report, err error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	b := &bench{Options: o}
	settings := script.DefaultSettings()
	balance := 10.0 * float64(o.Lines)
	settings.Keys, settings.JobSeconds, settings.BalanceUSD, settings.LogsPerMinute = []string{key}, o.Job.Seconds(), &balance, 0
	if b.provider, err = sim.New(sim.Config{Settings: settings, Seed: 1}); err != nil {
		return nil, err
	}
	provider := httptest.NewServer(b.provider)
	defer provider.Close()
	if b.counter, err = newCounter(); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.counter.Close()) }()
	b.stack, err = stack.Start(ctx, stack.Options{
		Root: o.Root, StateDir: o.StateDir, Provider: &stack.Provider{BaseURL: provider.URL, Key: key},
		Parameters: map[string]string{
			"FirstWaitSeconds": "1", "CheckIntervalSeconds": "1", "RequestGapSeconds": "1", "BusyWaitSeconds": "1",
			"LookupFirstSeconds": "1", "LookupWindowSeconds": lookupWindow, "SubmitCallSeconds": "15",
			"MaxUsdPerDay": "0", "MaxUsdPerMonth": "0", "MaxInFlight": "0",
			"ApiRequestsPerSecond": "1000", "ApiBurst": "1000",
		},
		Env: []string{"AWS_ENDPOINT_URL=" + b.counter.Address}, Output: o.Output,
	})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.stack.Stop(context.WithoutCancel(ctx))) }()
	if err := b.connect(ctx); err != nil {
		return nil, err
	}
	return b.measure(ctx)
}

// connect creates the clients, and finds the functions.
func (b *bench) connect(ctx context.Context) (err error) {
	if err := b.counter.SendTo(b.stack.AWS); err != nil {
		return err
	}
	if b.watch, err = processes.New(filepath.Join(b.StateDir, "tmp")); err != nil {
		return err
	}
	config := b.stack.Config()
	b.machines = sfn.NewFromConfig(config)
	b.api = client.New(client.Config{BaseURL: b.stack.API, Token: b.stack.Token, HTTP: &http.Client{Timeout: 2 * time.Minute}, Sleep: wait.For})
	name, functions := stack.StackName, lambda.NewFromConfig(config)
	reply, err := cloudformation.NewFromConfig(config).DescribeStackResources(ctx, &cloudformation.DescribeStackResourcesInput{StackName: &name})
	if err != nil {
		return err
	}
	b.functions = map[string]function{}
	for _, r := range reply.StackResources {
		if *r.ResourceType != "AWS::Lambda::Function" {
			continue
		}
		is, err := functions.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: r.PhysicalResourceId})
		if err != nil {
			return err
		}
		b.functions[*r.PhysicalResourceId] = function{name: *r.LogicalResourceId, gb: float64(*is.MemorySize) / 1024}
	}
	return nil
}

// measure runs the batch while its functions are watched, and counts what it took.
func (b *bench) measure(ctx context.Context) (*Report, error) {
	report := &Report{Options: b.Options}
	if err := b.stage("running the Distributed Map alone", func() (err error) {
		report.Bare, err = b.bare(ctx)
		return err
	}); err != nil {
		return nil, err
	}
	watching, stop := context.WithCancel(ctx)
	defer stop()
	var watchers sync.WaitGroup
	var watched, killed error
	watchers.Go(func() { watched = b.watch.Every(watching, time.Second/4) })
	if b.Kill {
		random := rand.New(rand.NewPCG(b.Seed, 1))
		watchers.Go(func() { report.Kills, killed = b.kill(watching, random) })
	}
	id, err := b.batch(ctx, report)
	stop()
	watchers.Wait()
	if err := errors.Join(err, watched, killed); err != nil {
		return nil, err
	}
	usage, calls := b.counter.taken()
	report.Usage, report.Calls = usage, map[string]map[string]int{}
	for name, of := range calls {
		if is, ok := b.functions[name]; ok {
			report.Calls[is.name] = of
		}
	}
	report.Peaks = map[string]int64{}
	for name, peak := range b.watch.Peaks() {
		logical := b.functions[name].name
		report.Peaks[logical] = max(report.Peaks[logical], peak)
	}
	err = b.stage("counting the state transitions", func() error { return b.count(ctx, id, report) })
	if err != nil {
		return nil, err
	}
	return report, b.stage("comparing the results with the charges", func() error {
		file, err := b.api.BatchResults(ctx, id, "jsonl")
		if err != nil {
			return err
		}
		defer file.Close()
		var text bytes.Buffer
		if _, err := text.ReadFrom(file); err != nil {
			return err
		}
		results, err := charges.Read(&text)
		report.Verdict = charges.Compare(results, b.provider.Ledger().Generations)
		for _, one := range results {
			if one.S3 == "" {
				report.Reasons = append(report.Reasons, one.Reason)
			}
		}
		return err
	})
}

// stage runs do, and prints how long it took.
func (b *bench) stage(doing string, do func() error) error {
	began := time.Now()
	if err := do(); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	_, err := fmt.Fprintf(b.Output, "%s ... %.1f s\n", doing, time.Since(began).Seconds())
	return err
}
