package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/api/client"
)

func newRetry(w *world) *cobra.Command {
	var (
		t      target
		asJSON bool
	)
	cmd := &cobra.Command{
		Use: "retry ID...", Args: arguments(1, many),
		Short: "Try videos that wait now",
		Long: `Tries now what a video waits for, in a new execution ID-r1, ID-r2 and so on: a
submission that was refused for want of room, a look for one that was not
answered, a look at its generation, a copy of its video. Nothing is paid twice.
One that has ended is redriven instead.`,
		ValidArgsFunction: ids(w, &t, client.Running),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := t.api(cmd.Context(), w)
			if err != nil {
				return err
			}
			var errs []error
			done := []redriven{}
			for _, id := range args {
				got, execution, err := api.Retry(cmd.Context(), id)
				if err != nil {
					errs = append(errs, fmt.Errorf("job %s was not retried: %w", id, err))
					continue
				}
				done = append(done, redriven{execution, got})
				if !asJSON {
					fmt.Fprintln(w.out, execution)
				}
			}
			if asJSON {
				errs = append(errs, printJSON(w.out, struct {
					Retried []redriven `json:"retried"`
				}{done}))
			}
			return errors.Join(errs...)
		},
	}
	jsonFlag(cmd, &asJSON)
	t.apiFlags(cmd)
	return cmd
}
