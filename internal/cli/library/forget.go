package library

import (
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/cli/command"
	"github.com/takeup/takeup/internal/cli/flags"
	"github.com/takeup/takeup/internal/cli/target"
	"github.com/takeup/takeup/internal/cli/term"
)

// NewForget returns the command forget.
func NewForget(env *command.Env) *cobra.Command {
	var (
		t      target.Target
		asJSON bool
	)
	cmd := &cobra.Command{
		Use: "forget ID...", Args: command.Args(1, command.Many),
		Short: "Erase the prompts of videos that have ended",
		Long: `Erases the prompt and all other texts of a video that has ended, from the table
and from its manifest, and lists where copies may remain and until when. The id,
the parameters, the times and the cost are kept, and so is a stored video. The job
can't be redriven any more, and the same request with its Idempotency-Key, or the
same prompt file, is still this video.`,
		ValidArgsFunction: ids(env, &t, ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			access, err := t.API(cmd.Context(), env)
			if err != nil {
				return err
			}
			var errs []error
			done := []api.Forgotten{}
			for _, id := range args {
				got, err := access.Forget(cmd.Context(), id)
				if err != nil {
					errs = append(errs, fmt.Errorf("job %s was not forgotten: %w", id, err))
					continue
				}
				done = append(done, got)
				if !asJSON {
					errs = append(errs, showForgotten(env, got))
				}
			}
			if asJSON {
				errs = append(errs, term.JSON(env.Out, struct {
					Forgotten []api.Forgotten `json:"forgotten"`
				}{done}))
			}
			return errors.Join(errs...)
		},
	}
	flags.JSON(cmd, &asJSON)
	t.APIFlags(cmd)
	return cmd
}

// showForgotten prints what was erased and what remains.
func showForgotten(env *command.Env, f api.Forgotten) error {
	fmt.Fprintf(env.Out, "%s  forgotten\n", f.Video.ID)
	if len(f.Stays) == 0 {
		return nil
	}
	columns := tabwriter.NewWriter(env.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(columns, "  WHAT REMAINS\tWHERE\tUNTIL\tTO DO")
	for _, r := range f.Stays {
		until := "removed"
		if r.Until != nil {
			until = r.Until.UTC().Format("2006-01-02")
		}
		fmt.Fprintf(columns, "  %s\t%s\t%s\t%s\n", term.Plain(r.What), term.Plain(r.Where), until, term.Dash(term.Plain(term.OrEmpty(r.Todo))))
	}
	return columns.Flush()
}
