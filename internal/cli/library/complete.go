package library

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/api/client"
	"github.com/takeup/takeup/internal/cli/command"
	"github.com/takeup/takeup/internal/cli/target"
	"github.com/takeup/takeup/internal/cli/term"
)

// completionTimeout is how long a completion may take after Tab was pressed.
const completionTimeout = 2 * time.Second

// ids completes the ids of the newest jobs, with their prompts. Without an answer in time
// it offers none.
func ids(env *command.Env, t *target.Target, status string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		ctx, cancel := context.WithTimeout(cmd.Context(), completionTimeout)
		defer cancel()
		api, err := t.API(ctx, env)
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
				about = term.Clip(term.Plain(*v.Prompt), 40)
			}
			ids = append(ids, cobra.CompletionWithDesc(v.ID, about))
		}
		return ids, cobra.ShellCompDirectiveNoFileComp
	}
}
