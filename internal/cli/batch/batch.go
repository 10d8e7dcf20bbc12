// Package batch has the commands for files with many prompts.
package batch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/batch"
	"github.com/takeup/takeup/internal/batch/batchfile"
	"github.com/takeup/takeup/internal/cli/command"
	"github.com/takeup/takeup/internal/cli/flags"
	"github.com/takeup/takeup/internal/cli/request"
	"github.com/takeup/takeup/internal/cli/target"
	"github.com/takeup/takeup/internal/cli/term"
)

// atOnce is how many videos of a batch are made at once where nobody says.
const atOnce = 20

func NewBatch(env *command.Env) *cobra.Command {
	cmd := &cobra.Command{
		Use: "batch", Args: command.Args(0, 0),
		Short: "Plan a file of many prompts",
		Long: `Reads a file with a prompt a line, and says what it would become, before anything
is paid.`,
		Example: "  takeup batch plan prompts.csv",
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newBatchPlan(env))
	for _, sub := range cmd.Commands() {
		sub.Flags().SortFlags = false
	}
	return cmd
}

// input is a file of prompts, and what is said of it as a whole.
type input struct {
	request.Parameters
	lines       bool
	name        string
	again       bool
	atOnce      int
	maxLines    int
	skipInvalid bool
}

func (o *input) flags(cmd *cobra.Command) {
	set := cmd.Flags()
	set.BoolVar(&o.lines, "lines", false, "the file is text, with a prompt a line")
	set.StringVar(&o.name, "name", "", "the batch's `name`; unless given, that of the file without its extension")
	flags.Complete(cmd, "name", nil)
	set.BoolVar(&o.again, "again", false, "buy everything anew, also what there is already")
	set.BoolVar(&o.skipInvalid, "skip-invalid", false, "leave the lines out that are wrong")
	set.IntVar(&o.atOnce, "at-once", atOnce, "the most `videos` of the batch that are made at once")
	set.IntVar(&o.maxLines, "max-lines", batchfile.DefaultLines, fmt.Sprintf("the most `lines` that the file may have, up to %d", batchfile.MaxLines))
	o.Parameters.Flags(cmd)
}

// options checks what is said of a file.
func (o *input) options(file string) (batchfile.Options, error) {
	if o.name == "" {
		o.name = batch.NameOf(file)
	}
	if err := batch.CheckName(o.name); err != nil {
		return batchfile.Options{}, command.Usagef("--name %w", err)
	}
	switch {
	case o.atOnce < 1:
		return batchfile.Options{}, command.Usagef("--at-once takes 1 or more")
	case o.maxLines < 1 || o.maxLines > batchfile.MaxLines:
		return batchfile.Options{}, command.Usagef("--max-lines takes 1 to %d", batchfile.MaxLines)
	}
	fields, err := o.Fields()
	if err != nil {
		return batchfile.Options{}, err
	}
	format, err := batchfile.FormatOf(filepath.ToSlash(file))
	switch {
	case o.lines && err == nil:
		return batchfile.Options{}, command.Usagef("%s is no text with a prompt a line, by its extension; leave --lines out, or name it .txt", file)
	case o.lines:
		format = batchfile.Text
	case err != nil:
		return batchfile.Options{}, fmt.Errorf("%s: %w", file, withLines(err, file))
	}
	return batchfile.Options{Format: format, Fields: fields, Lines: o.maxLines}, nil
}

// withLines says how a text file is read.
func withLines(err error, file string) error {
	if filepath.Ext(file) != ".txt" {
		return err
	}
	return &command.Reworded{Message: err.Error() + "; --lines says so", Err: err}
}

func newBatchPlan(env *command.Env) *cobra.Command {
	var (
		t      target.Target
		o      input
		asJSON bool
	)
	cmd := &cobra.Command{
		Use: "plan FILE", Args: command.Args(1, 1),
		Short: "Say what a file of prompts would become, cost and take",
		Long: `Reads a file of prompts, names each line that is wrong, and says which of its
videos there are already, and what the others would cost and take. It starts
nothing and pays nothing.

The file is CSV with a header (separated by commas, semicolons or tabs), JSON
Lines with an object a line (.jsonl), or with --lines text with a prompt a line;
in UTF-8, of at most 64 MiB. Its columns are the fields of a request, and

  n      how many videos are made of the line, up to 20
  label  a name of yours, of one line

What is given as a flag is meant for the lines that don't say it themselves.

A line is known again by the batch's name and by its request: of a file that was
corrected, sorted, extended or saved in another format, only what is new is new.
A higher n, or the line once more, is so many videos more.

The exit status is 2 where lines are wrong, unless --skip-invalid leaves them out.
With a quote too many or too few in a CSV file it isn't certain where lines begin:
then nothing can be left out.`,
		Example: "  takeup batch plan prompts.csv\n" +
			"  takeup batch plan ideas.txt --lines --duration 10",
		RunE: func(cmd *cobra.Command, args []string) error {
			options, err := o.options(args[0])
			if err != nil {
				return err
			}
			api, err := t.API(cmd.Context(), env)
			if err != nil {
				return err
			}
			report, err := planned(cmd.Context(), api, args[0], o, options)
			if err != nil {
				return err
			}
			if asJSON {
				err = term.JSON(env.Out, report)
			} else {
				report.print(env.Out, env.Width)
			}
			if err != nil {
				return err
			}
			return report.verdict(o.skipInvalid)
		},
	}
	o.flags(cmd)
	flags.JSON(cmd, &asJSON)
	t.APIFlags(cmd)
	return cmd
}

// planned plans a file by what the API knows. A file that can't be read to its end gives
// the lines that were found wrong until then.
func planned(ctx context.Context, api target.API, file string, o input, options batchfile.Options) (*report, error) {
	from, err := os.Open(file)
	if err != nil {
		return nil, command.Usagef("reading the prompts: %w", err)
	}
	defer from.Close()
	models, err := api.Models(ctx)
	if err != nil {
		return nil, err
	}
	control, err := api.Control(ctx)
	if err != nil {
		return nil, err
	}
	report := &report{Batch: o.name, AtOnce: o.atOnce, Planned: []plannedLine{}}
	planner := batch.Planner{Each: func(line batch.Planned) { report.add(line, o.again) }}
	if !o.again {
		planner.Jobs = jobs{api}
	}
	plan, err := planner.Make(ctx, batchfile.Lines(from, options), batch.NewIDs(o.name, ""), &prices{api: api}, times{models})
	var unusable *batchfile.Unusable
	if errors.As(err, &unusable) {
		return nil, &unusableFile{file: file, named: plan.Named, err: unusable}
	}
	if err != nil {
		return nil, err
	}
	return report, report.take(plan, control.Caps)
}

// unusableFile is a file that can't be planned.
type unusableFile struct {
	file  string
	named []*batchfile.Wrong
	err   *batchfile.Unusable
}

func (e *unusableFile) Error() string {
	said := fmt.Sprintf("%s: %v; nothing was started or paid", e.file, e.err)
	for _, wrong := range e.named {
		said += "\n  " + wrong.Error()
	}
	return said
}

func (e *unusableFile) Unwrap() error { return e.err }

// WrongLines says that lines of a file are wrong.
type WrongLines struct{ said string }

func (e *WrongLines) Error() string { return e.said }
