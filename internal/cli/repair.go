package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/reconcile"
	"github.com/takeup/takeup/internal/reconcile/repair"
	"github.com/takeup/takeup/internal/video"
)

// restorable is how far back a table can be restored, and a day.
const restorable = 36 * 24 * time.Hour

// describePace is the least between two executions that are read: a third of what Step
// Functions grants an account.
const describePace = 200 * time.Millisecond

// repaired is what a repair did, and could not read.
type repaired struct {
	repair.Done
	Unknown  []reconcile.Unknown `json:"unknown"`
	Repaired bool                `json:"repaired"` // the table may be resumed
}

// repair writes back what the stack's table lacks.
func (w *world) repair(ctx context.Context, stack stackAccess, since time.Duration, asJSON bool) error {
	known := stack.jobs()
	control, _, err := known.Control(ctx)
	if err != nil {
		return reconcile.Plain(err)
	}
	if control.Paused(known.Name()) == nil {
		return &usageError{errors.New("a table is repaired while nothing is submitted; type takeup pause first")}
	}
	sources, err := stack.sources(w)
	if err != nil {
		return err
	}
	now := w.now()
	facts, err := sources.Gather(ctx, now.Add(-since), now)
	if err != nil {
		return reconcile.Plain(err)
	}
	machine, err := stateMachine(stack.outputs)
	if err != nil {
		return err
	}
	steps := sfn.NewFromConfig(stack.config)
	runs, err := jobs.Runs(ctx, steps, machine, now.Add(-since), concluded(facts.Entries), func(ctx context.Context) error { return w.sleep(ctx, describePace) })
	if err != nil {
		return reconcile.Plain(err)
	}
	key, err := stack.keys().Current(ctx)
	if err != nil {
		return reconcile.Plain(err)
	}
	done, err := repair.Repair{
		Table: known, Manifests: stack.manifests(), Settler: jobs.New(known, stack.manifests(), jobs.NewExecutions(steps, machine), w.now),
		Accounts: stack.accounts(w), KeyVersion: key.Version,
	}.Run(ctx, facts, runs)
	if err != nil {
		return reconcile.Plain(err)
	}
	result := repaired{Done: done, Unknown: facts.Unknown, Repaired: len(facts.Unknown) == 0 && len(done.Unexplained) == 0}
	if result.Repaired {
		control, version, err := known.Control(ctx)
		if err == nil {
			control.Repaired = known.Name()
			err = known.PutControl(ctx, control, version)
		}
		if err != nil {
			return reconcile.Plain(err)
		}
	}
	return w.showRepaired(result, asJSON)
}

// concluded reports of an execution whether the table knows how its job ended, so that
// it says nothing new.
func concluded(entries map[string]video.Entry) func(name string) bool {
	return func(name string) bool {
		entry, known := entries[name]
		return known && entry.Execution == name && entry.Started && (entry.Over() || entry.Manifest != nil)
	}
}

func (w *world) showRepaired(r repaired, asJSON bool) error {
	if asJSON {
		if err := printJSON(w.out, r); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(w.out, "written back: %d jobs that were gone, %d that had gone on; %d outcomes and %d prompt files\n", len(r.Created), len(r.Amended), len(r.Settled), r.Files)
		for _, u := range r.Unknown {
			fmt.Fprintf(w.out, "unknown: %s: %s\n", u.Source, u.Reason)
		}
		if len(r.Unexplained) > 0 {
			fmt.Fprintf(w.out, "unexplained, since no execution and no manifest has the request: %s\n", strings.Join(r.Unexplained, ", "))
		}
	}
	if !r.Repaired {
		return &unsettled{"the table does not count as repaired: not all could be read; put that right and repair it again, or takeup resume --without-repair"}
	}
	return nil
}
