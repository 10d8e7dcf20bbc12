// Package control has the commands that decide for the whole stack: its caps, whether it
// is paused, and the tokens of its API.
package control

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/api/tokens"
	"github.com/takeup/takeup/internal/cli/command"
	"github.com/takeup/takeup/internal/cli/flags"
	"github.com/takeup/takeup/internal/cli/target"
	"github.com/takeup/takeup/internal/cli/term"
	"github.com/takeup/takeup/internal/video"
)

func NewCaps(env *command.Env) *cobra.Command {
	var (
		t      target.Target
		asJSON bool
	)
	cmd := &cobra.Command{
		Use: "caps", Args: command.Args(0, 0),
		Short: "Show what may be spent and what is, and change that",
		Long: `Shows the caps on money and on videos under way, what is spent, reserved and
uncertain below each, and when it begins anew. A cap is the stack's parameter,
unless somebody has set another: who did so, when, and until when is shown too.
So are the caps of owners.`,
		Example:           "  takeup caps\n  takeup caps set --max-usd-per-day 20 --for 12h\n  takeup caps set --owner alice --max-usd-per-day 5\n  takeup caps reset",
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, err := t.API(cmd.Context(), env)
			if err != nil {
				return err
			}
			control, err := api.Control(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return term.JSON(env.Out, control.Caps)
			}
			return printCaps(env.Out, control.Caps)
		},
	}
	flags.JSON(cmd, &asJSON)
	t.APIFlags(cmd)
	cmd.AddCommand(newCapsSet(env), newCapsReset(env))
	for _, sub := range cmd.Commands() {
		sub.Flags().SortFlags = false
	}
	return cmd
}

// capsInput is what caps set is asked for.
type capsInput struct {
	day, month flags.Amount
	inFlight   flags.Count
	owner      string
	until      flags.Deadline
	lasts      flags.Duration
}

func newCapsSet(env *command.Env) *cobra.Command {
	var (
		t      target.Target
		o      capsInput
		asJSON bool
	)
	cmd := &cobra.Command{
		Use: "set", Args: command.Args(0, 0),
		Short: "Set caps in the place of the stack's parameters",
		Long: `Sets caps that win over the stack's parameters, from the next submission on, until
they end or "caps reset" takes them back. A cap that isn't given stays as it is,
and so does their end. What was submitted before goes on. A job that costs more
than a cap ends as CapReached, and can be redriven; to have all jobs wait, use
"takeup pause". Once a cap is raised, jobs that wait below it look again when it
begins anew, or when they are retried with "takeup retry".

With --owner, it sets what the jobs of a token may cost in a UTC day. They keep to
the stack's caps besides. Setting caps needs the stack's AWS.`,
		Example:           "  takeup caps set --max-usd-per-day 20 --until 2030-01-01\n  takeup caps set --max-in-flight none\n  takeup caps set --owner alice --max-usd-per-day 5",
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			if err := o.check(env.Now()); err != nil {
				return err
			}
			stack, err := t.AWS(ctx, env)
			if err != nil {
				return err
			}
			if o.owner != "" {
				return setOwnerCap(ctx, env, stack, o, asJSON)
			}
			by, err := caller(ctx, stack)
			if err != nil {
				return err
			}
			after, err := decided(ctx, stack.Jobs(), func(c video.Control, table string) (video.Control, error) {
				after := c.SetCaps(table, o.caps(c, by, env.Now()))
				if set := after.Caps; set.DayMicros == nil && set.MonthMicros == nil && set.InFlight == nil {
					return c, command.Usagef("no caps are set whose end could be changed")
				}
				return after, nil
			})
			if err != nil {
				return err
			}
			return showSet(env, after, asJSON)
		},
	}
	set := cmd.Flags()
	set.Var(&o.day, "max-usd-per-day", "what the videos of a UTC day may cost; none for no cap")
	set.Var(&o.month, "max-usd-per-month", "what the videos of a UTC month may cost; none for no cap")
	set.Var(&o.inFlight, "max-in-flight", "how many videos may be under way at once; none for no cap")
	set.Var(&o.until, "until", "when the caps end: a day in UTC, at its beginning, or a time; reset for when they are reset")
	set.Var(&o.lasts, "for", "how long the caps hold, such as 12h or 3d")
	set.StringVar(&o.owner, "owner", "", "the `name` of a token, for a cap on the day of its jobs alone")
	for _, name := range []string{"max-usd-per-day", "max-usd-per-month", "max-in-flight", "until", "for", "owner"} {
		flags.Complete(cmd, name, nil)
	}
	flags.JSON(cmd, &asJSON)
	t.Flags(cmd)
	return cmd
}

// check refuses what can't be set. Its error is a *usageError.
func (o *capsInput) check(now time.Time) error {
	refuse := func(text string) error { return command.Usagef("%s", text) }
	end := o.until.Given || o.lasts > 0
	switch {
	case o.owner != "" && (o.month.Micros != nil || o.inFlight.N != nil || end):
		return refuse("--owner goes with --max-usd-per-day alone")
	case o.owner != "" && o.day.Micros == nil:
		return refuse("--owner needs --max-usd-per-day: an amount in USD, or none")
	case o.owner != "" && !tokens.ValidName(o.owner):
		return &command.UsageError{Err: &tokens.BadName{Name: o.owner}}
	case o.day.Micros == nil && o.month.Micros == nil && o.inFlight.N == nil && !end:
		return refuse("give a cap to set: --max-usd-per-day, --max-usd-per-month or --max-in-flight")
	case o.until.Given && o.lasts > 0:
		return refuse("give --until or --for, not both")
	case o.until.Given && !o.until.At.IsZero() && !o.until.At.After(now):
		return refuse("--until " + o.until.At.UTC().Format(time.RFC3339) + " is over")
	}
	return nil
}

// caps gives what is asked for as caps. Their end stays that of those before.
func (o *capsInput) caps(c video.Control, by string, now time.Time) video.Caps {
	caps := video.Caps{DayMicros: o.day.Micros, MonthMicros: o.month.Micros, InFlight: o.inFlight.N, By: by, At: now}
	switch before := c.CapsAt(now); {
	case o.lasts > 0:
		caps.Until = now.Add(time.Duration(o.lasts))
	case o.until.Given:
		caps.Until = o.until.At
	case before != nil:
		caps.Until = before.Until
	}
	return caps
}

// capOwner sets the cap of a token that there is, or takes one away.
func setOwnerCap(ctx context.Context, env *command.Env, stack target.Stack, o capsInput, asJSON bool) error {
	if *o.day.Micros > 0 {
		all, err := stack.Tokens().Read(ctx)
		if err != nil {
			return secretError(stack.Name, err)
		}
		if !all.Has(o.owner) {
			return command.Usagef("%w; takeup token list shows them", &tokens.Unknown{Name: o.owner})
		}
	}
	after, err := capOwner(ctx, stack, o.owner, *o.day.Micros)
	if err != nil {
		return err
	}
	return showSet(env, after, asJSON)
}

func newCapsReset(env *command.Env) *cobra.Command {
	var (
		t      target.Target
		asJSON bool
	)
	cmd := &cobra.Command{
		Use: "reset", Args: command.Args(0, 0),
		Short: "Take caps back that were set, so that the stack's parameters hold",
		Long: `Takes the caps back that "caps set" has set, so that the stack's parameters hold
from the next submission on. The caps of owners stay. Jobs that wait for room below
a cap on money look again when that begins anew, or when they are retried with
"takeup retry". Resetting needs the stack's AWS.`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			stack, err := t.AWS(cmd.Context(), env)
			if err != nil {
				return err
			}
			after, err := decided(cmd.Context(), stack.Jobs(), func(c video.Control, _ string) (video.Control, error) {
				return c.ResetCaps(), nil
			})
			if err != nil {
				return err
			}
			return showSet(env, after, asJSON)
		},
	}
	flags.JSON(cmd, &asJSON)
	t.Flags(cmd)
	return cmd
}
