package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/api/tokens"
	"github.com/takeup/takeup/internal/video"
)

func newCaps(w *world) *cobra.Command {
	var (
		t      target
		asJSON bool
	)
	cmd := &cobra.Command{
		Use: "caps", Args: arguments(0, 0),
		Short: "Show what may be spent and what is, and change that",
		Long: `Shows the caps on money and on videos under way, what is spent, reserved and
uncertain below each, and when it begins anew. A cap is the stack's parameter,
unless somebody has set another: who did so, when, and until when is shown too.
So are the caps of owners.`,
		Example:           "  takeup caps\n  takeup caps set --max-usd-per-day 20 --for 12h\n  takeup caps set --owner alice --max-usd-per-day 5\n  takeup caps reset",
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, err := t.api(cmd.Context(), w)
			if err != nil {
				return err
			}
			control, err := api.Control(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(w.out, control.Caps)
			}
			return printCaps(w.out, control.Caps)
		},
	}
	jsonFlag(cmd, &asJSON)
	t.apiFlags(cmd)
	cmd.AddCommand(newCapsSet(w), newCapsReset(w))
	for _, sub := range cmd.Commands() {
		sub.Flags().SortFlags = false
	}
	return cmd
}

// capsOrder is what caps set is asked for.
type capsOrder struct {
	day, month amount
	inFlight   places
	owner      string
	until      deadline
	lasts      span
}

func newCapsSet(w *world) *cobra.Command {
	var (
		t      target
		o      capsOrder
		asJSON bool
	)
	cmd := &cobra.Command{
		Use: "set", Args: arguments(0, 0),
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
			if err := o.check(w.now()); err != nil {
				return err
			}
			stack, err := t.aws(ctx, w)
			if err != nil {
				return err
			}
			if o.owner != "" {
				return setOwnerCap(ctx, w, stack, o, asJSON)
			}
			by, err := caller(ctx, stack)
			if err != nil {
				return err
			}
			after, err := decided(ctx, stack.jobs(), func(c video.Control, table string) (video.Control, error) {
				after := c.SetCaps(table, o.caps(c, by, w.now()))
				if set := after.Caps; set.DayMicros == nil && set.MonthMicros == nil && set.InFlight == nil {
					return c, usagef("no caps are set whose end could be changed")
				}
				return after, nil
			})
			if err != nil {
				return err
			}
			return showSet(w, after, asJSON)
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
		complete(cmd, name, nil)
	}
	jsonFlag(cmd, &asJSON)
	t.flags(cmd)
	return cmd
}

// check refuses what can't be set. Its error is a *usageError.
func (o *capsOrder) check(now time.Time) error {
	refuse := func(text string) error { return usagef("%s", text) }
	end := o.until.set || o.lasts > 0
	switch {
	case o.owner != "" && (o.month.micros != nil || o.inFlight.count != nil || end):
		return refuse("--owner goes with --max-usd-per-day alone")
	case o.owner != "" && o.day.micros == nil:
		return refuse("--owner needs --max-usd-per-day: an amount in USD, or none")
	case o.owner != "" && !tokens.ValidName(o.owner):
		return &usageError{Err: &tokens.BadName{Name: o.owner}}
	case o.day.micros == nil && o.month.micros == nil && o.inFlight.count == nil && !end:
		return refuse("give a cap to set: --max-usd-per-day, --max-usd-per-month or --max-in-flight")
	case o.until.set && o.lasts > 0:
		return refuse("give --until or --for, not both")
	case o.until.set && !o.until.at.IsZero() && !o.until.at.After(now):
		return refuse("--until " + o.until.at.UTC().Format(time.RFC3339) + " is over")
	}
	return nil
}

// caps gives what is asked for as caps. Their end stays that of those before.
func (o *capsOrder) caps(c video.Control, by string, now time.Time) video.Caps {
	caps := video.Caps{DayMicros: o.day.micros, MonthMicros: o.month.micros, InFlight: o.inFlight.count, By: by, At: now}
	switch before := c.CapsAt(now); {
	case o.lasts > 0:
		caps.Until = now.Add(time.Duration(o.lasts))
	case o.until.set:
		caps.Until = o.until.at
	case before != nil:
		caps.Until = before.Until
	}
	return caps
}

// capOwner sets the cap of a token that there is, or takes one away.
func setOwnerCap(ctx context.Context, w *world, stack stackAccess, o capsOrder, asJSON bool) error {
	if *o.day.micros > 0 {
		all, err := stack.tokens().Read(ctx)
		if err != nil {
			return secretError(stack.name, err)
		}
		if !all.Has(o.owner) {
			return usagef("%w; takeup token list shows them", &tokens.Unknown{Name: o.owner})
		}
	}
	after, err := capOwner(ctx, stack, o.owner, *o.day.micros)
	if err != nil {
		return err
	}
	return showSet(w, after, asJSON)
}

func newCapsReset(w *world) *cobra.Command {
	var (
		t      target
		asJSON bool
	)
	cmd := &cobra.Command{
		Use: "reset", Args: arguments(0, 0),
		Short: "Take caps back that were set, so that the stack's parameters hold",
		Long: `Takes the caps back that "caps set" has set, so that the stack's parameters hold
from the next submission on. The caps of owners stay. Jobs that wait for room below
a cap on money look again when that begins anew, or when they are retried with
"takeup retry". Resetting needs the stack's AWS.`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			stack, err := t.aws(cmd.Context(), w)
			if err != nil {
				return err
			}
			after, err := decided(cmd.Context(), stack.jobs(), func(c video.Control, _ string) (video.Control, error) {
				return c.ResetCaps(), nil
			})
			if err != nil {
				return err
			}
			return showSet(w, after, asJSON)
		},
	}
	jsonFlag(cmd, &asJSON)
	t.flags(cmd)
	return cmd
}
