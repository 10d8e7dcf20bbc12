package batch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/api/client"
	"github.com/takeup/takeup/internal/batch"
	"github.com/takeup/takeup/internal/batch/batchfile"
	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/batches"
	"github.com/takeup/takeup/internal/cli/batch/preview"
	"github.com/takeup/takeup/internal/cli/batch/prompts"
	"github.com/takeup/takeup/internal/cli/command"
	"github.com/takeup/takeup/internal/cli/flags"
	"github.com/takeup/takeup/internal/cli/generate"
	"github.com/takeup/takeup/internal/cli/target"
	"github.com/takeup/takeup/internal/cli/term"
)

// noTerminal is why a batch isn't started without a person who agrees.
const noTerminal = "nothing was started or paid: there is no terminal to ask in; start it without a question with --yes"

func newRun(env *command.Env) *cobra.Command {
	var (
		t target.Target
		o prompts.Input
		b operator
	)
	cmd := &cobra.Command{
		Use: "run FILE", Args: command.Args(1, 1),
		Short: "Make the videos of a file of prompts",
		Long: `Plans a file of prompts as "batch plan" does, shows the plan and asks. It then
uploads the file, starts the batch and watches it until it has ended. Videos that
exist already are not made again, so the same command continues a batch, and a
corrected or longer file makes only what is new.

Ctrl-C leaves the batch running, and prints the command that returns to it. The
exit status is 4 if videos of the batch ended without one.`,
		Example: "  takeup batch run prompts.csv\n" +
			"  takeup batch run ideas.txt --lines --duration 10 --yes --no-wait",
		RunE: func(cmd *cobra.Command, args []string) error {
			options, err := o.Options(args[0])
			if err != nil {
				return err
			}
			if err := b.open(cmd.Context(), env, &t); err != nil {
				return err
			}
			return b.run(cmd.Context(), args[0], o, options)
		},
	}
	o.AddFlags(cmd)
	b.flags(cmd)
	t.APIFlags(cmd)
	return cmd
}

// operator starts batches and watches them.
type operator struct {
	env                 *command.Env
	access              target.API
	arguments           []string // flags that select the same stack
	yes, noWait, asJSON bool
}

func (b *operator) flags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&b.yes, "yes", false, "start without a question")
	cmd.Flags().BoolVar(&b.noWait, "no-wait", false, "start the batch, print its id and don't wait")
	flags.JSON(cmd, &b.asJSON)
}

// open connects to the stack.
func (b *operator) open(ctx context.Context, env *command.Env, t *target.Target) (err error) {
	b.env, b.arguments = env, t.Arguments()
	b.access, err = t.API(ctx, env)
	return err
}

// notes returns where plans and progress are printed: stderr with --json, else stdout.
func (b *operator) notes() io.Writer {
	if b.asJSON {
		return b.env.Err
	}
	return b.env.Out
}

// command returns a command line about batches of the same stack.
func (b *operator) command(words ...string) string {
	line := append(append([]string{"batch"}, words[:len(words)-1]...), b.arguments...)
	return b.env.CommandLine(append(line, words[len(words)-1])...)
}

// run plans a file, asks, and makes its videos.
func (b *operator) run(ctx context.Context, file string, o prompts.Input, options batchfile.Options) error {
	plan, err := preview.Make(ctx, b.access, file, o, options)
	if err != nil {
		return err
	}
	plan.Print(b.notes(), b.env.Width)
	if err := plan.Verdict(o.SkipInvalid); err != nil {
		return err
	}
	if plan.Videos[batch.New]+plan.Videos[batch.Resume] == 0 {
		fmt.Fprintf(b.env.Err, "there is nothing to make; nothing was started or paid. See the batch with\n  %s\n", b.command("show", batches.IDOf(o.Name, "")))
		return nil
	}
	if err := b.env.Confirm(b.yes, noTerminal); err != nil {
		return err
	}
	made, err := b.send(ctx, file, o, options)
	if err != nil {
		return err
	}
	if made, err = b.await(ctx, made.ID); err != nil {
		return err
	}
	theirs, err := b.plan(ctx, made)
	if err != nil {
		return err
	}
	if theirs.Dearer(plan) {
		fmt.Fprintln(b.notes(), "the stack's plan costs more than the one above:")
		theirs.Print(b.notes(), b.env.Width)
		if err := b.env.Confirm(b.yes, noTerminal); err != nil {
			return err
		}
	}
	if err := theirs.Verdict(o.SkipInvalid); err != nil {
		theirs.Print(b.notes(), b.env.Width)
		return err
	}
	return b.begin(ctx, made.ID, o.SkipInvalid)
}

// send creates the batch and uploads its file.
func (b *operator) send(ctx context.Context, file string, o prompts.Input, options batchfile.Options) (api.Batch, error) {
	from, err := prompts.Open(file, options)
	if err != nil {
		return api.Batch{}, err
	}
	defer from.Close()
	key, err := generate.NewKey(b.env.Random)
	if err != nil {
		return api.Batch{}, err
	}
	made, err := b.access.CreateBatch(ctx, api.BatchRequest{
		Name: o.Name, Format: from.Format, AtOnce: o.AtOnce, SkipInvalid: o.SkipInvalid, Again: o.Again, MaxLines: o.MaxLines, Defaults: options.Fields,
	}, key)
	if err != nil {
		return api.Batch{}, fmt.Errorf("%w\nnothing was started or paid", err)
	}
	if err := b.access.Upload(ctx, made.Upload, from.Filename, from, from.Size); err != nil {
		return api.Batch{}, fmt.Errorf("uploading %s: %w\nnothing was started or paid; run the same command again", file, err)
	}
	return made.Batch, nil
}

// begin starts a batch, and watches it unless nobody waits.
func (b *operator) begin(ctx context.Context, id string, skipInvalid bool) error {
	got, err := b.access.StartBatch(ctx, id, skipInvalid)
	if refused := (*client.Refused)(nil); errors.As(err, &refused) && refused.Status == http.StatusConflict {
		// An answer that was lost on the way may have started it.
		now, readErr := b.access.Batch(ctx, id)
		if readErr == nil && (record.State(now.Status) == record.Planning || record.State(now.Status) == record.Running) {
			got, err = now, nil
		}
	}
	if err != nil {
		return err
	}
	if !b.noWait {
		return b.watch(ctx, id)
	}
	if b.asJSON {
		return term.JSON(b.env.Out, got)
	}
	fmt.Fprintln(b.env.Out, id)
	fmt.Fprintf(b.env.Err, "started; watch it with\n  %s\n", b.command("watch", id))
	return nil
}

// plan returns the plan that the stack has made of a batch's file.
func (b *operator) plan(ctx context.Context, got api.Batch) (*preview.Plan, error) {
	if got.Plan == nil {
		return nil, b.unplanned(got)
	}
	control, err := b.access.Control(ctx)
	if err != nil {
		return nil, err
	}
	return preview.Of(got, control.Caps)
}

// unplanned is the error for a batch without a plan.
func (b *operator) unplanned(got api.Batch) error {
	if record.State(got.Status) == record.Unusable {
		return &preview.WrongLines{Message: fmt.Sprintf("batch %s can't be run: %s. Nothing was started or paid", got.ID, term.Plain(term.OrEmpty(got.Reason)))}
	}
	return &NotReady{ID: got.ID, Status: got.Status, Hint: b.command("show", got.ID)}
}

// NotReady is the error for a batch that isn't in a state for what is asked.
type NotReady struct {
	ID, Status string
	Hint       string // a command line
}

func (e *NotReady) Error() string {
	return fmt.Sprintf("batch %s is %s; see\n  %s", e.ID, e.Status, e.Hint)
}
