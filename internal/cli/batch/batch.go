// Package batch implements the commands for files with many prompts. Package prompts reads such a
// file, preview shows what it would become, and status says what became of it.
package batch

import (
	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/cli/batch/preview"
	"github.com/takeup/takeup/internal/cli/batch/prompts"
	"github.com/takeup/takeup/internal/cli/command"
	"github.com/takeup/takeup/internal/cli/flags"
	"github.com/takeup/takeup/internal/cli/target"
	"github.com/takeup/takeup/internal/cli/term"
)

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

func newBatchPlan(env *command.Env) *cobra.Command {
	var (
		t      target.Target
		o      prompts.Input
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
  webhook       an https URL of yours that is told how the line's videos ended

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
			options, err := o.Options(args[0])
			if err != nil {
				return err
			}
			access, err := t.API(cmd.Context(), env)
			if err != nil {
				return err
			}
			report, err := preview.Make(cmd.Context(), access, args[0], o, options)
			if err != nil {
				return err
			}
			if asJSON {
				err = term.JSON(env.Out, report)
			} else {
				report.Print(env.Out, env.Width)
			}
			if err != nil {
				return err
			}
			return report.Verdict(o.SkipInvalid)
		},
	}
	o.AddFlags(cmd)
	flags.JSON(cmd, &asJSON)
	t.APIFlags(cmd)
	return cmd
}
