// Package batch implements the commands for files with many prompts.
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

// atOnce is the default number of videos of a batch that are made at the same time.
const atOnce = 20

// NewBatch returns the command batch.
func NewBatch(env *command.Env) *cobra.Command {
	cmd := &cobra.Command{
		Use: "batch", Args: command.Args(0, 0),
		Short: "Make the videos of a file of many prompts",
		Long: `Plans the videos of a file with a prompt per line, before anything is paid, makes
them, and follows, stops and continues that.`,
		Example: "  takeup batch plan prompts.csv\n" +
			"  takeup batch run prompts.csv",
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		newBatchPlan(env), newRun(env), newList(env), newShow(env), newWatch(env), newStart(env), newResume(env), newCancel(env),
		newResults(env), newDownload(env))
	for _, sub := range cmd.Commands() {
		sub.Flags().SortFlags = false
	}
	return cmd
}

// input has the flags of a file of prompts.
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
	set.BoolVar(&o.lines, "lines", false, "the file is text with a prompt per line")
	set.StringVar(&o.name, "name", "", "the batch's `name`; by default the file's without its extension")
	flags.Complete(cmd, "name", nil)
	set.BoolVar(&o.again, "again", false, "make all videos again, also those that exist")
	set.BoolVar(&o.skipInvalid, "skip-invalid", false, "skip invalid lines")
	set.IntVar(&o.atOnce, "at-once", atOnce, "how many `videos` of the batch are made at once")
	set.IntVar(&o.maxLines, "max-lines", batchfile.DefaultLines, fmt.Sprintf("how many `lines` the file may have, up to %d", batchfile.MaxLines))
	o.Parameters.Flags(cmd)
}

// options validates the flags.
func (o *input) options(file string) (batchfile.Options, error) {
	if o.name == "" {
		o.name = batch.NameOf(file)
	}
	if err := batch.CheckName(o.name); err != nil {
		return batchfile.Options{}, command.Usagef("--name %w", err)
	}
	switch {
	case o.atOnce < 1:
		return batchfile.Options{}, command.Usagef("--at-once must be at least 1")
	case o.maxLines < 1 || o.maxLines > batchfile.MaxLines:
		return batchfile.Options{}, command.Usagef("--max-lines must be from 1 to %d", batchfile.MaxLines)
	}
	fields, err := o.Fields()
	if err != nil {
		return batchfile.Options{}, err
	}
	format, err := batchfile.FormatOf(filepath.ToSlash(file))
	switch {
	case o.lines && err == nil:
		return batchfile.Options{}, command.Usagef("by its extension, %s is not text with a prompt per line; omit --lines, or name the file .txt", file)
	case o.lines:
		format = batchfile.Text
	case err != nil:
		return batchfile.Options{}, fmt.Errorf("%s: %w", file, withLines(err, file))
	}
	return batchfile.Options{Format: format, Fields: fields, Lines: o.maxLines}, nil
}

// withLines adds the hint to give --lines to an error about a text file.
func withLines(err error, file string) error {
	if filepath.Ext(file) != ".txt" {
		return err
	}
	return &command.Reworded{Message: err.Error() + "; give --lines", Err: err}
}

func newBatchPlan(env *command.Env) *cobra.Command {
	var (
		t      target.Target
		o      input
		asJSON bool
	)
	cmd := &cobra.Command{
		Use: "plan FILE", Args: command.Args(1, 1),
		Short: "Show what the videos of a file of prompts would cost, and how long they would take",
		Long: `Reads a file of prompts, reports each invalid line, and shows which of its videos
exist already, what the others would cost and how long they would take. It starts
nothing and pays nothing.

The file is CSV with a header (separated by commas, semicolons or tabs), JSON
Lines with an object per line (.jsonl), or with --lines text with a prompt per
line; in UTF-8, of at most 64 MiB. Its columns are the fields of a request, and

  n             how many videos to make of the line, up to 20
  label         a name of your own, on one line
  metadata.KEY  the value of a pair of your own metadata

Flags are defaults for lines without that field.

A line is identified by the batch's name and its request: if the file is
corrected, sorted, extended or saved in another format, only new requests make new
videos. A higher n, or a repeated line, makes that many more.

The exit status is 2 if lines are invalid, unless --skip-invalid skips them. With
an unbalanced quote in a CSV file it is unclear where lines begin, so no line can
be skipped.`,
		Example: "  takeup batch plan prompts.csv\n" +
			"  takeup batch plan ideas.txt --lines --duration 10",
		RunE: func(cmd *cobra.Command, args []string) error {
			options, err := o.options(args[0])
			if err != nil {
				return err
			}
			access, err := t.API(cmd.Context(), env)
			if err != nil {
				return err
			}
			report, err := planned(cmd.Context(), access, args[0], o, options)
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

// planned plans a file with the API's jobs, prices and times. If the file can't be read to its
// end, the error is an *unusableFile with the invalid lines found before.
func planned(ctx context.Context, access target.API, file string, o input, options batchfile.Options) (*report, error) {
	from, err := os.Open(file)
	if err != nil {
		return nil, command.Usagef("reading the prompts: %w", err)
	}
	defer from.Close()
	models, err := access.Models(ctx)
	if err != nil {
		return nil, err
	}
	control, err := access.Control(ctx)
	if err != nil {
		return nil, err
	}
	report := &report{Batch: o.name, AtOnce: o.atOnce, Planned: []plannedLine{}}
	planner := batch.Planner{Each: func(line batch.Planned) { report.add(line, o.again) }}
	if !o.again {
		planner.Jobs = jobs{access}
	}
	plan, err := planner.Make(ctx, batchfile.Lines(from, options), batch.NewIDs(o.name, ""), &prices{access: access}, times{models})
	var unusable *batchfile.Unusable
	if errors.As(err, &unusable) {
		return nil, &unusableFile{file: file, named: plan.Named, err: unusable}
	}
	if err != nil {
		return nil, err
	}
	return report, report.take(plan, control.Caps)
}

// unusableFile is the error for a file that can't be planned.
type unusableFile struct {
	file  string
	named []*batchfile.Wrong
	err   *batchfile.Unusable
}

func (e *unusableFile) Error() string {
	message := fmt.Sprintf("%s: %v; nothing was started or paid", e.file, e.err)
	for _, wrong := range e.named {
		message += "\n  " + wrong.Error()
	}
	return message
}

func (e *unusableFile) Unwrap() error { return e.err }

// WrongLines is the error for a file with invalid lines.
type WrongLines struct{ message string }

func (e *WrongLines) Error() string { return e.message }
