// Package control implements the commands that control a whole stack: its caps, its pause, and
// the tokens of its API.
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
	"github.com/takeup/takeup/internal/operator"
)

// NewCaps returns the command caps.
func NewCaps(env *command.Env) *cobra.Command {
	var (
		t      target.Target
		asJSON bool
	)
	cmd := &cobra.Command{
		Use: "caps", Args: command.Args(0, 0),
		Short: "Show and change the caps on money and on videos in flight",
		Long: `Shows the caps on money and on videos in flight: what is spent, reserved and
uncertain under each, and when it resets. A cap is the stack's parameter unless it
was overridden; then who set it, when and until when are shown too. So are the
caps of owners.`,
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

// capsInput has the flags of caps set.
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
		Short: "Override the caps of the stack's parameters",
		Long: `Sets caps that override the stack's parameters, from the next submission on, until
they expire or "caps reset" removes them. Caps that are not given stay as they are,
and so does their expiry. Submitted jobs are not affected. A job that costs more
than a cap ends as CapReached, and can be redriven; to make all jobs wait, use
"takeup pause". After a cap was raised, jobs that wait for it check again when it
resets, or when they are retried with "takeup retry".

With --owner it sets what the jobs of a token may cost in a UTC day; the stack's
caps apply to them as well. Setting caps needs the stack's AWS account.`,
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
			after, err := decided(ctx, stack.Jobs(), func(c operator.Control, table string) (operator.Control, error) {
				after := c.SetCaps(table, o.caps(c, by, env.Now()))
				if set := after.Caps; set.DayMicros == nil && set.MonthMicros == nil && set.InFlight == nil {
					return c, command.Usagef("no caps are set whose expiry could be changed")
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
	set.Var(&o.day, "max-usd-per-day", "the maximum cost of a UTC day's videos; none for no cap")
	set.Var(&o.month, "max-usd-per-month", "the maximum cost of a UTC month's videos; none for no cap")
	set.Var(&o.inFlight, "max-in-flight", "the maximum of videos in flight at once; none for no cap")
	set.Var(&o.until, "until", "when the caps expire: a time, or a day in UTC, at its start; reset for never")
	set.Var(&o.lasts, "for", "how long the caps apply, such as 12h or 3d")
	set.StringVar(&o.owner, "owner", "", "the `name` of a token, for a daily cap on its jobs")
	for _, name := range []string{"max-usd-per-day", "max-usd-per-month", "max-in-flight", "until", "for", "owner"} {
		flags.Complete(cmd, name, nil)
	}
	flags.JSON(cmd, &asJSON)
	t.Flags(cmd)
	return cmd
}

// check validates the flags. The error is a *command.UsageError.
func (o *capsInput) check(now time.Time) error {
	refuse := func(text string) error { return command.Usagef("%s", text) }
	end := o.until.Given || o.lasts > 0
	switch {
	case o.owner != "" && (o.month.Micros != nil || o.inFlight.N != nil || end):
		return refuse("--owner can be combined only with --max-usd-per-day")
	case o.owner != "" && o.day.Micros == nil:
		return refuse("--owner needs --max-usd-per-day: an amount in USD, or none")
	case o.owner != "" && !tokens.ValidName(o.owner):
		return &command.UsageError{Err: &tokens.BadName{Name: o.owner}}
	case o.day.Micros == nil && o.month.Micros == nil && o.inFlight.N == nil && !end:
		return refuse("give a cap to set: --max-usd-per-day, --max-usd-per-month or --max-in-flight")
	case o.until.Given && o.lasts > 0:
		return refuse("give --until or --for, not both")
	case o.until.Given && !o.until.At.IsZero() && !o.until.At.After(now):
		return refuse("--until " + o.until.At.UTC().Format(time.RFC3339) + " is in the past")
	}
	return nil
}

// caps returns the caps to set. Without a new expiry they keep that of the current caps.
func (o *capsInput) caps(c operator.Control, by string, now time.Time) operator.Caps {
	caps := operator.Caps{DayMicros: o.day.Micros, MonthMicros: o.month.Micros, InFlight: o.inFlight.N, By: by, At: now}
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

// setOwnerCap sets or removes the cap of an existing token.
func setOwnerCap(ctx context.Context, env *command.Env, stack target.Stack, o capsInput, asJSON bool) error {
	if *o.day.Micros > 0 {
		all, err := stack.Tokens().Read(ctx)
		if err != nil {
			return secretError(stack.Name, err)
		}
		if !all.Has(o.owner) {
			return command.Usagef("%w; list them with takeup token list", &tokens.Unknown{Name: o.owner})
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
		Short: "Remove the caps that were set, so that the stack's parameters apply",
		Long: `Removes the caps that "caps set" has set, so that the stack's parameters apply from
the next submission on. The caps of owners stay. Jobs that wait for a cap on money
check again when it resets, or when they are retried with "takeup retry". Resetting
caps needs the stack's AWS account.`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			stack, err := t.AWS(cmd.Context(), env)
			if err != nil {
				return err
			}
			after, err := decided(cmd.Context(), stack.Jobs(), func(c operator.Control, _ string) (operator.Control, error) {
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
