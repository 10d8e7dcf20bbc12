package library

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/cli/command"
	"github.com/takeup/takeup/internal/cli/target"
	"github.com/takeup/takeup/internal/cli/term"
	"github.com/takeup/takeup/internal/video"
)

// completionTimeout is how long a completion may take after Tab is pressed.
const completionTimeout = 2 * time.Second

// ids completes the ids of the newest jobs, with their prompts. If the API doesn't answer in
// time, it offers none.
func ids(env *command.Env, t *target.Target, status video.State) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		ctx, cancel := context.WithTimeout(cmd.Context(), completionTimeout)
		defer cancel()
		access, err := t.API(ctx, env)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		page, err := access.List(ctx, api.ListQuery{Status: status})
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var ids []cobra.Completion
		for _, v := range page.Videos {
			about := string(v.Status)
			if v.Prompt != nil {
				about = term.Clip(term.Plain(*v.Prompt), 40)
			}
			ids = append(ids, cobra.CompletionWithDesc(v.ID, about))
		}
		return ids, cobra.ShellCompDirectiveNoFileComp
	}
}
