package chaos

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/takeup/takeup/internal/dev/stack"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/script"
	"github.com/takeup/takeup/test/chaos/carrier"
	"github.com/takeup/takeup/test/chaos/drive"
	"github.com/takeup/takeup/test/chaos/faults"
	"github.com/takeup/takeup/test/chaos/listen"
	"github.com/takeup/takeup/test/chaos/provider"
	"github.com/takeup/takeup/test/chaos/proxy"
	"github.com/takeup/takeup/test/chaos/verdict"
	"github.com/takeup/takeup/test/chaos/world"
)

// Run sends the jobs, waits for them to end, redrives what can be redriven, and returns its
// findings. The error is one of the run itself. Broken promises are in the Result.
func Run(ctx context.Context, o world.Options) (_ *verdict.Result, err error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	w := &world.World{
		Options: o, Caps: world.CapsOf(o), Plan: faults.New(o.Seed, o.Faults), Names: faults.NewNames(), Jobs: world.NewJobs(o.Jobs, o.Triggers()),
		ByName: map[string]*world.Job{},
	}
	for _, j := range w.Jobs {
		w.ByName[j.Name] = j
	}
	if w.Batches, err = world.NewBatches(w.Plan, w.Jobs); err != nil {
		return nil, err
	}
	d := drive.New(w)
	w.Plan.Reached = func(kind, job string) { d.Reached(ctx, kind, job) }
	w.Plan.First[string(script.KindDownload)] = o.FirstDownload
	if w.Provider, err = provider.New(provider.Config{
		Jobs: o.Jobs, Seed: o.Seed, Job: o.Times.Job, Late: o.Times.Soft + o.Times.Late,
		Unnamed: world.ClaimTime + o.Times.Window/2, LogsAnswer: o.LogsAnswer, Overcharges: o.Caps,
	}, w.Plan, w.Names); err != nil {
		return nil, err
	}
	refusing := w.Plan
	if o.Faults == 0 {
		refusing = nil
	}
	store := proxy.NewS3(w.Plan, w.Names)
	bought, err := proxy.Listen(w.Provider, refusing)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, bought.Close()) }()
	kept, err := proxy.Listen(store, nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, kept.Close()) }()
	if o.Faults > 0 {
		w.Replica = proxy.NewReplica(w.Plan)
	}
	database := proxy.NewDynamoDB(w.Plan, w.Names, w.Replica)
	w.Limits, w.Endings = proxy.NewBatches(), proxy.NewEndings()
	database.Around = append(database.Around, w.Endings.Carry, w.Limits.Carry)
	if w.Caps != nil {
		w.Account = proxy.NewAccount(w.Caps.Step*1e6, w.Caps.Slots)
		database.Around = append(database.Around, w.Account.Carry)
	}
	known, err := proxy.Listen(database, nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, known.Close()) }()
	states := proxy.NewStepFunctions(w.Plan, w.Names)
	started, err := proxy.Listen(states, nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, started.Close()) }()
	telling := proxy.NewTelling(w.Plan, w.Names)
	told, err := proxy.Listen(telling, nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, told.Close()) }()

	hooks := listen.NewReceiver(w.Plan)
	received, err := proxy.Listen(hooks, refusing)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, received.Close()) }()
	w.Hooks = received.URL()
	parameters := o.Times.Parameters(w.Caps)
	parameters["WebhookUrl"] = w.Hooks + listen.StackPath + world.HookSecret

	began := time.Now()
	w.Stack, err = stack.Start(ctx, stack.Options{
		Root: o.Root, StateDir: o.StateDir,
		Provider:   &stack.Provider{BaseURL: bought.URL(), Key: provider.FirstKey},
		Parameters: parameters,
		Env: []string{
			"AWS_ENDPOINT_URL_S3=" + kept.URL(), "AWS_ENDPOINT_URL_DYNAMODB=" + known.URL(), "AWS_ENDPOINT_URL_SFN=" + started.URL(),
			"AWS_ENDPOINT_URL_EVENTBRIDGE=" + told.URL(), "AWS_ENDPOINT_URL_SQS=" + told.URL(),
			fmt.Sprint("SFN_WAIT_SCALE=", o.Times.Scale),
		},
		Output: o.Output,
	})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.Stack.Stop(context.WithoutCancel(ctx))) }()
	if err := w.Connect(ctx, store, database, states, telling); err != nil {
		return nil, err
	}
	if d.Events, err = carrier.NewStatus(ctx, w, w.Stack.Config()); err != nil {
		return nil, fmt.Errorf("taking over the status events: %w", err)
	}
	if d.Files, err = carrier.NewFiles(ctx, w, w.Stack.Config()); err != nil {
		return nil, fmt.Errorf("taking over the events of files: %w", err)
	}
	if err := hooks.Trust(ctx, w); err != nil {
		return nil, err
	}
	if d.Heard, err = listen.New(ctx, w, hooks); err != nil {
		return nil, fmt.Errorf("listening to the event bus: %w", err)
	}
	return settling(ctx, d, began)
}

// settling drives the run while status events are delivered, sweeps are made, caps are raised, and
// somebody listens to what is told.
func settling(ctx context.Context, d *drive.Driver, began time.Time) (*verdict.Result, error) {
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	var carried, brought, met, heard, troubled error
	all.Go(func() { d.Sweep(ctx) })
	all.Go(func() { d.SweepOutbox(ctx) })
	all.Go(func() { heard = d.Heard.Run(ctx) })
	all.Go(func() { carried = d.Events.Run(ctx) })
	all.Go(func() { brought = d.Files.Run(ctx) })
	if c := d.World.Caps; c != nil && c.Step > 0 {
		all.Go(func() { met = d.Meet(ctx) })
	}
	all.Go(func() { troubled = d.TroubleStream(ctx) })
	result, err := run(ctx, d, began)
	cancel()
	all.Wait()
	return result, errors.Join(err, carried, brought, met, heard, troubled)
}

func run(ctx context.Context, d *drive.Driver, began time.Time) (*verdict.Result, error) {
	w := d.World
	timing := []verdict.Stage{{Name: "start", Took: time.Since(began)}}
	lap := func(name string, do func(context.Context) error) error {
		began := time.Now()
		err := do(ctx)
		timing = append(timing, verdict.Stage{Name: name, Took: time.Since(began)})
		fmt.Fprintf(w.Options.Output, "%s ... %.1f s\n", name, time.Since(began).Seconds())
		return err
	}
	for _, s := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"sending the jobs, until every execution has ended", d.SendAll},
		{"sending repeated requests", d.SendAgain},
		{"running the batches again, until every execution has ended", d.RunAgain},
		{"checking the outcomes again", d.LookAgain},
		{"redriving, until every execution has ended", d.RedriveAll},
		{"delivering the delayed events", d.Finish},
		{"checking the outcomes after that", d.LookAgain},
		{"looking after the stack", d.LookAfter},
		{"telling what is left", d.TellAll},
		{"searching for keys, signed URLs and prompts", func(ctx context.Context) error { return verdict.CheckSecrets(ctx, w) }},
	} {
		if err := lap(s.name, s.do); err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
	}
	var result *verdict.Result
	err := lap("checking the promises", func(ctx context.Context) error {
		var err error
		result, err = verdict.Check(ctx, w, d.Heard)
		return err
	})
	if err != nil {
		return nil, err
	}
	result.Timing = timing
	return result, nil
}
