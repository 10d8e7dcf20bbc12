package batch

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/cli/batch/preview"
	"github.com/takeup/takeup/internal/cli/batch/status"
	"github.com/takeup/takeup/internal/cli/command"
	"github.com/takeup/takeup/internal/cli/flags"
	"github.com/takeup/takeup/internal/cli/target"
	"github.com/takeup/takeup/internal/cli/term"
)

func newStart(env *command.Env) *cobra.Command {
	var (
		t           target.Target
		b           operator
		skipInvalid bool
	)
	cmd := &cobra.Command{
		Use: "start ID", Args: command.Args(1, 1),
		Short: "Start a batch that is planned",
		Long: `Starts a batch that waits to be started: it shows the plan and asks, and then
watches the batch as "batch watch" does. A file that was put into the prompts
bucket waits if it costs more than the stack's MaxUnattendedBatchUsd, or if lines
are invalid.`,
		ValidArgsFunction: ids(env, &t, record.Planned),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			if err := b.open(ctx, env, &t); err != nil {
				return err
			}
			got, err := b.access.Batch(ctx, args[0])
			if err != nil {
				return err
			}
			switch record.State(got.Status) {
			case record.Planned, record.Unusable:
			case record.Ended, record.Cancelled:
				return &NotReady{ID: got.ID, Status: got.Status + " already; what has no video can be tried again", Hint: b.command("resume", got.ID)}
			default:
				return &NotReady{ID: got.ID, Status: got.Status, Hint: b.command("watch", got.ID)}
			}
			plan, err := b.plan(ctx, got)
			if err != nil {
				return err
			}
			plan.Print(b.notes(), env.Width)
			if err := plan.Verdict(skipInvalid || got.SkipInvalid); err != nil {
				return err
			}
			if err := env.Confirm(b.yes, noTerminal); err != nil {
				return err
			}
			return b.begin(ctx, got.ID, skipInvalid)
		},
	}
	cmd.Flags().BoolVar(&skipInvalid, "skip-invalid", false, "skip invalid lines")
	b.flags(cmd)
	t.APIFlags(cmd)
	return cmd
}

func newResume(env *command.Env) *cobra.Command {
	var (
		t target.Target
		b operator
	)
	cmd := &cobra.Command{
		Use: "resume ID", Args: command.Args(1, 1),
		Short: "Run again what has no video in a batch",
		Long: `Runs a batch again that has ended or was cancelled: videos that were never begun
are made, and those that failed are resumed if that can help. Videos that were
cancelled or discarded stay so. Nothing is paid twice. It asks first, and then
watches the batch as "batch watch" does.`,
		ValidArgsFunction: ids(env, &t, record.Ended, record.Cancelled),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			if err := b.open(ctx, env, &t); err != nil {
				return err
			}
			got, err := b.access.Batch(ctx, args[0])
			if err != nil {
				return err
			}
			if state := record.State(got.Status); state != record.Ended && state != record.Cancelled {
				hint := "watch"
				if state == record.Planned {
					hint = "start"
				}
				return &NotReady{ID: got.ID, Status: got.Status, Hint: b.command(hint, got.ID)}
			}
			fmt.Fprintf(b.notes(), "videos: %s\n", status.Counts(got.Counts))
			if got.Counts.New+got.Counts.Waiting+got.Counts.Running+got.Counts.Failed == 0 {
				fmt.Fprintln(env.Err, "there is nothing to make; nothing was started or paid")
				return nil
			}
			text := "those that are not begun are made, and those that failed are resumed if that can help"
			if got.Plan != nil {
				text += "; the plan for all of them was " + preview.Cost(got.Plan.Total)
			}
			term.Wrap(b.notes(), env.Width, "", term.Gap, text)
			if err := env.Confirm(b.yes, noTerminal); err != nil {
				return err
			}
			return b.begin(ctx, got.ID, false)
		},
	}
	b.flags(cmd)
	t.APIFlags(cmd)
	return cmd
}

func newCancel(env *command.Env) *cobra.Command {
	var (
		t target.Target
		b operator
	)
	cmd := &cobra.Command{
		Use: "cancel ID", Args: command.Args(1, 1),
		Short: "Cancel the videos of a batch before they are paid",
		Long: `Cancels the videos of a batch that the provider has not accepted: they are never
paid. Videos that it has accepted are charged anyway, and stored.`,
		ValidArgsFunction: ids(env, &t, record.Uploading, record.Planning, record.Planned, record.Running),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := b.open(cmd.Context(), env, &t); err != nil {
				return err
			}
			got, err := b.access.CancelBatch(cmd.Context(), args[0])
			for left := got.Left; err == nil && got.Left > 0; left = got.Left {
				if got, err = b.access.CancelBatch(cmd.Context(), args[0]); got.Left >= left {
					break
				}
			}
			if err != nil {
				return err
			}
			if b.asJSON {
				return term.JSON(env.Out, got)
			}
			printCancelled(env, got)
			return nil
		},
	}
	flags.JSON(cmd, &b.asJSON)
	t.APIFlags(cmd)
	return cmd
}

func printCancelled(env *command.Env, got api.BatchCancelled) {
	say := func(n int64, one, many string) {
		if n > 0 {
			term.Wrap(env.Out, env.Width, "", term.Gap, term.Count(int(n), one, many))
		}
	}
	fmt.Fprintf(env.Out, "%s  cancelled\n", got.Batch.ID)
	say(got.Batch.Counts.New, "video was not begun, and never will be; nothing was paid for it", "videos were not begun, and never will be; nothing was paid for them")
	say(got.Cancelled, "video was cancelled before its submission; nothing was paid for it", "videos were cancelled before their submission; nothing was paid for them")
	say(got.Submitted, "video was submitted already: it is or may be charged, and is stored", "videos were submitted already: they are or may be charged, and are stored")
	say(got.Left, "video will not be submitted, and ends at its next attempt; nothing was paid for it", "videos will not be submitted, and end at their next attempt; nothing was paid for them")
	say(got.Done, "video had ended before", "videos had ended before")
}
