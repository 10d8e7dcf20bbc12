package batch

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/bucket/objectkey"
	"github.com/takeup/takeup/internal/cli/batch/status"
	"github.com/takeup/takeup/internal/cli/command"
	"github.com/takeup/takeup/internal/cli/flags"
	"github.com/takeup/takeup/internal/cli/money"
	"github.com/takeup/takeup/internal/cli/target"
	"github.com/takeup/takeup/internal/cli/term"
	"github.com/takeup/takeup/internal/video"
)

func newShow(env *command.Env) *cobra.Command {
	var (
		t target.Target
		b operator
	)
	cmd := &cobra.Command{
		Use: "show ID", Args: command.Args(1, 1),
		Short: "Show everything about a batch",
		Long: `Shows everything about one batch: how many of its videos are in which state, what
they have cost and may still cost, what it waits for, its last failures, and its
plan if it waits to be started.`,
		ValidArgsFunction: ids(env, &t),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := b.open(cmd.Context(), env, &t); err != nil {
				return err
			}
			got, err := b.access.Batch(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return b.show(cmd.Context(), got)
		},
	}
	flags.JSON(cmd, &b.asJSON)
	t.APIFlags(cmd)
	return cmd
}

// maxFailures is how many of a batch's last failures are shown.
const maxFailures = 5

// show prints a batch. One that waits to be started has its plan; another with failures has the
// last ones.
func (b *operator) show(ctx context.Context, got api.Batch) error {
	if b.asJSON {
		return term.JSON(b.env.Out, got)
	}
	if record.State(got.Status) == record.Planned && got.Plan != nil {
		plan, err := b.plan(ctx, got)
		if err != nil {
			return err
		}
		b.printBatch(got)
		plan.Print(b.env.Out, b.env.Width)
		b.printNext(got)
		return nil
	}
	var failures []api.Video
	if got.Counts.Failed > 0 {
		page, err := b.access.List(ctx, api.ListQuery{Batch: got.ID, Status: video.StateFailed, Limit: maxFailures})
		if err != nil {
			return err
		}
		failures = page.Videos
	}
	b.printBatch(got)
	printFailures(b.env.Out, b.env.Width, failures)
	b.printNext(got)
	return nil
}

// printBatch prints the fields of a batch.
func (b *operator) printBatch(got api.Batch) {
	const name = 12 // columns
	row := func(title, value string) {
		if value != "" {
			term.Wrap(b.env.Out, b.env.Width, fmt.Sprintf("%-*s", name, title), strings.Repeat(" ", name), value)
		}
	}
	row("batch", term.Plain(got.Name))
	row("id", got.ID)
	row("status", status.Text(got, b.env.Now()))
	row("reason", term.Plain(term.OrEmpty(got.Reason)))
	row("owner", term.Plain(term.OrEmpty(got.Owner)))
	row("created", got.CreatedAt.UTC().Format(time.RFC3339))
	if got.EndedAt != nil {
		row("ended", got.EndedAt.UTC().Format(time.RFC3339))
	}
	if got.Source != nil {
		row("file", term.Plain(objectkey.URI(got.Source.Bucket, got.Source.Key)+", version "+got.Source.Version))
	}
	if got.Run > 1 {
		row("run", fmt.Sprint(got.Run))
	}
	row("at once", fmt.Sprint(got.AtOnce))
	if got.Plan != nil {
		row("videos", status.Counts(got.Counts))
		if got.Plan.Wrong > 0 {
			row("lines", fmt.Sprintf("%d, and %d invalid", got.Plan.Lines, got.Plan.Wrong))
		}
	}
	row("money", fmt.Sprintf("%s USD spent, %s reserved, %s uncertain", money.Cents(got.Money.Spent), money.Cents(got.Money.Reserved), money.Cents(got.Money.Uncertain)))
}

// printFailures prints jobs that ended without a video.
func printFailures(out io.Writer, width int, failures []api.Video) {
	if len(failures) == 0 {
		return
	}
	fmt.Fprintln(out, "last failures:")
	for _, v := range failures {
		line := ""
		if v.Origin != nil && v.Origin.Line != nil {
			line = fmt.Sprintf("line %d: ", *v.Origin.Line)
			if v.Origin.Label != nil {
				line = fmt.Sprintf("line %d (%s): ", *v.Origin.Line, term.Plain(*v.Origin.Label))
			}
		}
		if v.Error != nil {
			line += term.Plain(v.Error.Name+": "+v.Error.Message) + "; "
		}
		term.Wrap(out, width, term.Gap, term.Gap+term.Gap, line+v.ID)
	}
}

// printNext prints the commands that make sense for a batch now.
func (b *operator) printNext(got api.Batch) {
	say := func(what, line string) { fmt.Fprintf(b.env.Err, "%s with\n  %s\n", what, line) }
	switch record.State(got.Status) {
	case record.Planned:
		if got.Plan != nil && got.Plan.Wrong > 0 && !got.SkipInvalid && !got.Plan.Quotes {
			say("start it without the invalid lines", b.command("start", "--skip-invalid", got.ID))
			return
		}
		say("start it", b.command("start", got.ID))
	case record.Planning, record.Running:
		say("watch it", b.command("watch", got.ID))
	case record.Ended, record.Cancelled:
		if got.Counts.Stored > 0 {
			say("download its videos", b.command("download", "--to", "videos", got.ID))
		}
	}
}
