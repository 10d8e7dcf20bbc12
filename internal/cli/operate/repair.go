package operate

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/takeup/takeup/internal/cli/command"
	"github.com/takeup/takeup/internal/cli/target"
	"github.com/takeup/takeup/internal/cli/term"
	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/jobs/runs"
	"github.com/takeup/takeup/internal/reconcile/gather"
	"github.com/takeup/takeup/internal/reconcile/repair"
	"github.com/takeup/takeup/internal/video"
)

// restorable is how far back a table can be restored (35 days), plus a day.
const restorable = 36 * 24 * time.Hour

// describePace is the time between two reads of executions: a third of the rate that Step
// Functions allows an account.
const describePace = 200 * time.Millisecond

// repaired is what a repair wrote, and what it could not read.
type repaired struct {
	repair.Done
	Unknown  []gather.Unknown `json:"unknown"`
	Repaired bool             `json:"repaired"` // whether the table may be resumed
}

// repairTable writes back what is missing from the stack's table.
func repairTable(ctx context.Context, env *command.Env, stack target.Stack, since time.Duration, asJSON bool) error {
	known := stack.Jobs()
	control, _, err := known.Control(ctx)
	if err != nil {
		return gather.Plain(err)
	}
	if control.Paused(known.Name()) == nil {
		return command.Usagef("a table can only be repaired while the stack is paused; run takeup pause first")
	}
	sources, err := sourcesOf(env, stack)
	if err != nil {
		return err
	}
	now := env.Now()
	facts, err := sources.Gather(ctx, now.Add(-since), now)
	if err != nil {
		return gather.Plain(err)
	}
	machine, err := target.StateMachine(stack.Outputs)
	if err != nil {
		return err
	}
	steps := sfn.NewFromConfig(stack.Config)
	read, err := runs.Read(ctx, steps, machine, now.Add(-since), concluded(facts.Entries), func(ctx context.Context) error { return env.Sleep(ctx, describePace) })
	if err != nil {
		return gather.Plain(err)
	}
	key, err := stack.Keys().Current(ctx)
	if err != nil {
		return gather.Plain(err)
	}
	done, err := repair.Repair{
		Table: known, Manifests: stack.Manifests(), Settler: jobs.New(known, stack.Manifests(), runs.New(steps, machine), env.Now),
		Accounts: stack.Accounts(env), KeyVersion: key.Version,
	}.Run(ctx, facts, read)
	if err != nil {
		return gather.Plain(err)
	}
	result := repaired{Done: done, Unknown: facts.Unknown, Repaired: len(facts.Unknown) == 0 && len(done.Unexplained) == 0}
	if result.Repaired {
		control, version, err := known.Control(ctx)
		if err == nil {
			control.Repaired = known.Name()
			err = known.PutControl(ctx, control, version)
		}
		if err != nil {
			return gather.Plain(err)
		}
	}
	return showRepaired(env, result, asJSON)
}

// concluded reports whether the table has the outcome of an execution's job, so that the
// execution has nothing to add.
func concluded(entries map[string]video.Entry) func(name string) bool {
	return func(name string) bool {
		entry, known := entries[name]
		return known && entry.Execution == name && entry.Started && (entry.Over() || entry.Manifest != nil)
	}
}

func showRepaired(env *command.Env, r repaired, asJSON bool) error {
	if asJSON {
		if err := term.JSON(env.Out, r); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(env.Out, "restored: %d lost jobs, %d outdated jobs, %d outcomes and %d prompt files\n", len(r.Created), len(r.Amended), len(r.Settled), r.Files)
		for _, u := range r.Unknown {
			fmt.Fprintf(env.Out, "unknown: %s: %s\n", u.Source, u.Reason)
		}
		if len(r.Unexplained) > 0 {
			fmt.Fprintf(env.Out, "unexplained, since no execution or manifest has the request: %s\n", strings.Join(r.Unexplained, ", "))
		}
	}
	if !r.Repaired {
		return &Unsettled{"the table is not repaired, since not everything could be read; fix that and repair it again, or use takeup resume --without-repair"}
	}
	return nil
}
