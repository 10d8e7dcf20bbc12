package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/video"
)

// patience is how long somebody waits who has pressed Tab.
const patience = 2 * time.Second

// ids offers the newest jobs' ids to the shell, with their prompts. A stack that
// doesn't answer at once offers none.
func (w *world) ids(t *target, status video.State) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		ctx, cancel := context.WithTimeout(cmd.Context(), patience)
		defer cancel()
		access, err := t.api(ctx, w)
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
				about = clip(plain(*v.Prompt), 40)
			}
			ids = append(ids, cobra.CompletionWithDesc(v.ID, about))
		}
		return ids, cobra.ShellCompDirectiveNoFileComp
	}
}
