package cli

import (
	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/api/client"
	"github.com/takeup/takeup/internal/usage"
)

func newUsage(w *world) *cobra.Command {
	var (
		t      target
		q      client.UsageQuery
		asJSON bool
	)
	cmd := &cobra.Command{
		Use: "usage", Args: arguments(0, 0),
		Short: "Show what a month's videos have cost",
		Long: `Shows what a month's videos have cost in USD: by day, with a bar for each, in all,
by model and by owner. Each attempt to make a video counts for the UTC day of its
submission. Spent is what was charged, reserved is for what is under way, and
uncertain is what may have been charged; all three count against the caps. The
balance is that of the account at the provider, as it was asked for last.`,
		Example: "  takeup usage --month 2026-08\n" +
			"  takeup usage --owner alice --json",
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := usage.ParseMonth(q.Month); cmd.Flags().Changed("month") && err != nil {
				return usagef("--month takes a month such as %s", usage.MonthOf(w.now()))
			}
			api, err := t.api(cmd.Context(), w)
			if err != nil {
				return err
			}
			got, err := api.Usage(cmd.Context(), q)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(w.out, got)
			}
			printUsage(w.out, w.width, got)
			return nil
		},
	}
	set := cmd.Flags()
	set.StringVar(&q.Month, "month", "", "the `month`, in UTC, such as 2026-08, in the place of this one")
	complete(cmd, "month", nil)
	set.StringVar(&q.Model, "model", "", "only what was made with this `model`")
	complete(cmd, "model", modelNames())
	set.StringVar(&q.Owner, "owner", "", "only what was made for this token, by its `name`")
	complete(cmd, "owner", nil)
	jsonFlag(cmd, &asJSON)
	t.apiFlags(cmd)
	return cmd
}
