package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/client"
)

// pageSize is the most jobs that the API gives at once.
const pageSize = 50

func newList(w *world) *cobra.Command {
	var (
		t      target
		status string
		model  string
		words  string
		since  time.Duration
		limit  int
		all    bool
		asJSON bool
	)
	statuses := append(client.Statuses(), client.Running)
	cmd := &cobra.Command{
		Use: "list", GroupID: groupVideos, Args: arguments(0, 0),
		Short: "List the videos, newest first",
		Long: `Lists the videos, newest first: those that are on their way, those that are
stored, and those that ended without one, with the reason. In a terminal each
line is cut to its width; elsewhere nothing is cut but the prompt, after 200
characters; "takeup get" has all of it.`,
		Example:           "  takeup list --status error --since 48h",
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case status != "" && !slices.Contains(statuses, status):
				return &usageError{fmt.Errorf("--status takes %s", strings.Join(statuses, ", "))}
			case all && cmd.Flags().Changed("limit"):
				return &usageError{errors.New("give --limit or --all, not both")}
			case limit < 1:
				return &usageError{errors.New("--limit takes 1 or more")}
			case since < 0:
				return &usageError{errors.New("--since takes a time such as 48h")}
			}
			api, err := t.api(cmd.Context(), w)
			if err != nil {
				return err
			}
			if all {
				limit = 0
			}
			q := client.Query{Status: status, Model: model, Words: words, Limit: pageSize}
			if since > 0 {
				q.From = w.now().Add(-since)
			}
			videos, more, err := list(cmd.Context(), api, q, limit)
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
	set.StringVar(&status, "status", "", "only those of this `status`: "+strings.Join(statuses, ", "))
	complete(cmd, "status", statuses)
	set.StringVar(&model, "model", "", "only those of this `model`")
	complete(cmd, "model", modelNames())
	set.StringVar(&words, "search", "", "only those whose prompt has these `words`")
	set.DurationVar(&since, "since", 0, "only those that were created in this `time`, such as 48h")
	set.IntVarP(&limit, "limit", "n", 20, "the most that are listed")
	set.BoolVar(&all, "all", false, "list all of them")
	jsonFlag(cmd, &asJSON)
	t.apiFlags(cmd)
	return cmd
}

// list gives the jobs, newest first, at most limit of them unless it is 0, and
// whether there are more.
func list(ctx context.Context, api apiAccess, q client.Query, limit int) (videos []client.Video, more bool, err error) {
	videos = []client.Video{}
	for {
		if limit > 0 {
			q.Limit = min(pageSize, limit-len(videos))
		}
		page, err := api.List(ctx, q)
		if err != nil {
			return nil, false, err
		}
		videos = append(videos, page.Videos...)
		if page.Next == nil || limit > 0 && len(videos) >= limit {
			return videos, page.Next != nil, nil
		}
		q.Cursor = *page.Next
	}
}

// clip keeps a text to n characters.
func clip(text string, n int) string {
	if runes := []rune(text); len(runes) > n {
		return string(runes[:n-1]) + "…"
	}
	return text
}
