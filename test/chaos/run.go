package chaos

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/takeup/takeup/internal/dev/stack"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim"
)

// Run sends the jobs, waits for their ends, redrives what can be, and gives what
// it found. The error is of the run itself; what breaks a promise is in the
// Result.
func Run(ctx context.Context, o Options) (_ *Result, err error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	w := &world{
		o: o, caps: capsOf(o), plan: newPlan(o.Seed, o.Faults), names: newNames(), jobs: newJobs(o.Jobs),
		byName: map[string]*job{},
	}
	for _, j := range w.jobs {
		w.byName[j.name] = j
	}
	d := newDriver(w)
	w.plan.reached = func(kind, job string) { d.reached(ctx, kind, job) }
	w.plan.first[string(sim.KindDownload)] = o.FirstDownload
	if w.provider, err = newProvider(providerConfig{
		Jobs: o.Jobs, Seed: o.Seed, Job: o.Times.Job, Late: o.Times.Soft + o.Times.Late,
		Unnamed: claimTime + o.Times.Window/2, LogsAnswer: o.LogsAnswer, Overcharges: o.Caps,
	}, w.plan, w.names); err != nil {
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
		w.account = newAccount(w.caps.step*1e6, w.caps.slots)
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
	if d.events, err = newCarrier(ctx, w, w.stack.Config()); err != nil {
		return nil, fmt.Errorf("taking over the status events: %w", err)
	}
	return settling(ctx, d, began)
}

// settling runs, while status events are carried, sweeps are made and caps raised.
func settling(ctx context.Context, d *driver, began time.Time) (*Result, error) {
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	var carried, met error
	all.Go(func() { d.sweep(ctx) })
	all.Go(func() { carried = d.events.run(ctx) })
	if c := d.world.caps; c != nil && c.step > 0 {
		all.Go(func() { met = d.meet(ctx) })
	}
	result, err := run(ctx, d, began)
	cancel()
	all.Wait()
	return result, errors.Join(err, carried, met)
}

func run(ctx context.Context, d *driver, began time.Time) (*Result, error) {
	w := d.world
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
		{"sending the jobs, until every execution has ended", d.sendAll},
		{"sending what was sent again", d.sendAgain},
		{"looking at the outcomes again", d.lookAgain},
		{"redriving, until every execution has ended", d.redriveAll},
		{"delivering the events that are late", d.events.finish},
		{"looking at the outcomes again after it", d.lookAgain},
		{"looking for keys, signed URLs and prompts", func(ctx context.Context) error { return checkSecrets(ctx, w) }},
	} {
		if err := lap(s.name, s.do); err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
	}
	var result *Result
	err := lap("checking the promises", func(ctx context.Context) error {
		var err error
		result, err = check(ctx, w)
		return err
	})
	if err != nil {
		return nil, err
	}
	result.timing = timing
	return result, nil
}
