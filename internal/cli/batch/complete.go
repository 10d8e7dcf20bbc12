package batch

import (
	"context"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/cli/command"
	"github.com/takeup/takeup/internal/cli/target"
	"github.com/takeup/takeup/internal/cli/term"
)

// completionTimeout is how long a completion may take after Tab is pressed.
const completionTimeout = 2 * time.Second

// ids completes the ids of the newest batches in some states, or in any, with their names. If
// the API doesn't answer in time, it offers none.
func ids(env *command.Env, t *target.Target, states ...record.State) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		ctx, cancel := context.WithTimeout(cmd.Context(), completionTimeout)
		defer cancel()
		access, err := t.API(ctx, env)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		page, err := access.Batches(ctx, 0, "")
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var ids []cobra.Completion
		for _, b := range page.Batches {
			if len(states) == 0 || slices.Contains(states, record.State(b.Status)) {
				ids = append(ids, cobra.CompletionWithDesc(b.ID, term.Clip(term.Plain(b.Name), 40)))
			}
		}
		return ids, cobra.ShellCompDirectiveNoFileComp
	}
}
