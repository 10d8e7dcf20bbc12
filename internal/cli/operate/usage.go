package operate

import (
	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/cli/command"
	"github.com/takeup/takeup/internal/cli/flags"
	"github.com/takeup/takeup/internal/cli/request"
	"github.com/takeup/takeup/internal/cli/target"
	"github.com/takeup/takeup/internal/cli/term"
	"github.com/takeup/takeup/internal/usage"
)

// NewUsage returns the command usage.
func NewUsage(env *command.Env) *cobra.Command {
	var (
		t      target.Target
		q      api.UsageQuery
		asJSON bool
	)
	cmd := &cobra.Command{
		Use: "usage", Args: command.Args(0, 0),
		Short: "Show what a month's videos have cost",
		Long: `Shows what a month's videos have cost in USD: by day, with a bar for each, in
total, by model and by owner. Each attempt to make a video counts for the UTC day
of its submission. Spent is what was charged, reserved is for videos in flight, and
uncertain is what may have been charged; all three count against the caps. The
balance is the last known one of the account at the provider.`,
		Example: "  takeup usage --month 2026-08\n" +
			"  takeup usage --owner alice --json",
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := usage.ParseMonth(q.Month); cmd.Flags().Changed("month") && err != nil {
				return command.Usagef("--month must be a month such as %s", usage.MonthOf(env.Now()))
			}
			access, err := t.API(cmd.Context(), env)
			if err != nil {
				return err
			}
			got, err := access.Usage(cmd.Context(), q)
			if err != nil {
				return err
			}
			if asJSON {
				return term.JSON(env.Out, got)
			}
			printUsage(env.Out, env.Width, got)
			return nil
		},
	}
	set := cmd.Flags()
	set.StringVar(&q.Month, "month", "", "the `month` in UTC, such as 2026-08; this month by default")
	flags.Complete(cmd, "month", nil)
	set.StringVar(&q.Model, "model", "", "only videos of this `model`")
	flags.Complete(cmd, "model", request.ModelNames())
	set.StringVar(&q.Owner, "owner", "", "only videos requested with the token of this `name`")
	flags.Complete(cmd, "owner", nil)
	flags.JSON(cmd, &asJSON)
	t.APIFlags(cmd)
	return cmd
}
