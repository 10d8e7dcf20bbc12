package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/api/client"
)

// patience is how long somebody waits who has pressed Tab.
const patience = 2 * time.Second

// ids offers the newest jobs' ids to the shell, with their prompts. A stack that
// doesn't answer at once offers none.
func ids(w *world, t *target, status string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		ctx, cancel := context.WithTimeout(cmd.Context(), patience)
		defer cancel()
		api, err := t.api(ctx, w)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		page, err := api.List(ctx, client.Query{Status: status})
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var ids []cobra.Completion
		for _, v := range page.Videos {
			about := v.Status
			if v.Prompt != nil {
				about = clip(plain(*v.Prompt), 40)
			}
			ids = append(ids, cobra.CompletionWithDesc(v.ID, about))
		}
		return ids, cobra.ShellCompDirectiveNoFileComp
	}
}
