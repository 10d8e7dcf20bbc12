package library

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/cli/command"
	"github.com/takeup/takeup/internal/cli/flags"
	"github.com/takeup/takeup/internal/cli/target"
	"github.com/takeup/takeup/internal/cli/term"
)

// NewRetry returns the command retry.
func NewRetry(env *command.Env) *cobra.Command {
	var (
		t      target.Target
		asJSON bool
	)
	cmd := &cobra.Command{
		Use: "retry ID...", Args: command.Args(1, command.Many),
		Short: "Retry at once what videos wait for",
		Long: `Retries at once what a video waits for, in a new execution ID-r1, ID-r2 and so on:
a submission that was refused for lack of capacity, the lookup of a submission
without an answer, a poll of its generation, or a copy of its video. Nothing is
paid twice. For a video that has ended, use redrive.`,
		ValidArgsFunction: ids(env, &t, api.Running),
		RunE: func(cmd *cobra.Command, args []string) error {
			access, err := t.API(cmd.Context(), env)
			if err != nil {
				return err
			}
			var errs []error
			done := []redriven{}
			for _, id := range args {
				got, execution, err := access.Retry(cmd.Context(), id)
				if err != nil {
					errs = append(errs, fmt.Errorf("job %s was not retried: %w", id, err))
					continue
				}
				done = append(done, redriven{execution, got})
				if !asJSON {
					fmt.Fprintln(env.Out, execution)
				}
			}
			if asJSON {
				errs = append(errs, term.JSON(env.Out, struct {
					Retried []redriven `json:"retried"`
				}{done}))
			}
			return errors.Join(errs...)
		},
	}
	flags.JSON(cmd, &asJSON)
	t.APIFlags(cmd)
	return cmd
}
