package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/client"
)

// pageSize is the most jobs that the API gives at once.
const pageSize = 50

func newList(w *world) *cobra.Command {
	var (
		t      target
		status string
		limit  int
		all    bool
		asJSON bool
	)
	cmd := &cobra.Command{
		Use: "list", GroupID: groupVideos, Args: arguments(0, 0),
		Short: "List the videos, newest first",
		Long: `Lists the videos, newest first: those that are on their way, those that are
stored, and those that ended without one, with the reason. In a terminal each
line is cut to its width; elsewhere nothing is cut. A job is listed for 90 days
after its end; "takeup get" knows it for longer.`,
		Example:           "  takeup list --status error --limit 50",
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case status != "" && !slices.Contains(client.Statuses(), status):
				return &usageError{fmt.Errorf("--status takes %s", strings.Join(client.Statuses(), ", "))}
			case all && cmd.Flags().Changed("limit"):
				return &usageError{errors.New("give --limit or --all, not both")}
			case limit < 1:
				return &usageError{errors.New("--limit takes 1 or more")}
			}
			api, err := t.api(cmd.Context(), w)
			if err != nil {
				return err
			}
			if all {
				limit = 0
			}
			videos, more, err := list(cmd.Context(), api, status, limit)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(w.out, struct {
					Videos []client.Video `json:"videos"`
					More   bool           `json:"more"`
				}{videos, more})
			}
			return printVideos(w.out, w.err, w.width, videos, more)
		},
	}
	set := cmd.Flags()
	set.StringVar(&status, "status", "", "only those of this `status`: "+strings.Join(client.Statuses(), ", "))
	complete(cmd, "status", client.Statuses())
	set.IntVarP(&limit, "limit", "n", 20, "the most that are listed")
	set.BoolVar(&all, "all", false, "list all of them")
	jsonFlag(cmd, &asJSON)
	t.apiFlags(cmd)
	return cmd
}

// list gives the jobs by the time of their creation, newest first, at most limit
// of them unless it is 0, each once, and whether there are more.
func list(ctx context.Context, api apiAccess, status string, limit int) (videos []client.Video, more bool, err error) {
	videos = []client.Video{}
	seen := map[string]bool{}
	for cursor := ""; ; {
		// The API has those first that ended last, so that a page is read whole.
		page, err := api.List(ctx, status, pageSize, cursor)
		if err != nil {
			return nil, false, err
		}
		for _, v := range page.Videos {
			// A job may show up on two pages where others start in between.
			if !seen[v.ID] {
				seen[v.ID] = true
				videos = append(videos, v)
			}
		}
		if page.Next != nil && (limit == 0 || len(videos) < limit) {
			cursor = *page.Next
			continue
		}
		slices.SortStableFunc(videos, func(a, b client.Video) int { return b.CreatedAt.Compare(a.CreatedAt) })
		more = page.Next != nil
		if limit > 0 && len(videos) > limit {
			videos, more = videos[:limit], true
		}
		return videos, more, nil
	}
}

// clip keeps a text to n characters.
func clip(text string, n int) string {
	if runes := []rune(text); len(runes) > n {
		return string(runes[:n-1]) + "…"
	}
	return text
}
