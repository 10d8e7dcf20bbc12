package cli

import (
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/api/client"
)

func newForget(w *world) *cobra.Command {
	var (
		t      target
		asJSON bool
	)
	cmd := &cobra.Command{
		Use: "forget ID...", Args: arguments(1, many),
		Short: "Clear the prompts of videos that have ended",
		Long: `Clears the prompt and all other texts of a video that has ended, in the table and
in the manifest beside it, and says what may have them still and until when. The
id, the settings, the times and the cost stay, and so does a stored video. It
can't be redriven any more, and the same request with its Idempotency-Key, or the
same prompt file, is still this video.`,
		ValidArgsFunction: ids(w, &t, ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := t.api(cmd.Context(), w)
			if err != nil {
				return err
			}
			var errs []error
			done := []client.Forgotten{}
			for _, id := range args {
				got, err := api.Forget(cmd.Context(), id)
				if err != nil {
					errs = append(errs, fmt.Errorf("job %s was not forgotten: %w", id, err))
					continue
				}
				done = append(done, got)
				if !asJSON {
					errs = append(errs, showForgotten(w, got))
				}
			}
			if asJSON {
				errs = append(errs, printJSON(w.out, struct {
					Forgotten []client.Forgotten `json:"forgotten"`
				}{done}))
			}
			return errors.Join(errs...)
		},
	}
	jsonFlag(cmd, &asJSON)
	t.apiFlags(cmd)
	return cmd
}

// showForgotten says what was cleared, and what stays.
func showForgotten(w *world, f client.Forgotten) error {
	fmt.Fprintf(w.out, "%s  forgotten\n", f.Video.ID)
	if len(f.Stays) == 0 {
		return nil
	}
	columns := tabwriter.NewWriter(w.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(columns, "  WHAT STAYS\tWHERE\tUNTIL\tTO DO")
	for _, r := range f.Stays {
		until := "removed"
		if r.Until != nil {
			until = r.Until.UTC().Format("2006-01-02")
		}
		fmt.Fprintf(columns, "  %s\t%s\t%s\t%s\n", plain(r.What), plain(r.Where), until, dash(plain(deref(r.Todo))))
	}
	return columns.Flush()
}
