// Package library implements the commands for existing videos: they list, show, download,
// cancel, retry, redrive and forget them.
package library

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/cli/command"
	"github.com/takeup/takeup/internal/cli/flags"
	"github.com/takeup/takeup/internal/cli/request"
	"github.com/takeup/takeup/internal/cli/target"
	"github.com/takeup/takeup/internal/cli/term"
	"github.com/takeup/takeup/internal/video"
)

// pageSize is the largest number of jobs in a page of the API.
const pageSize = 50

// NewList returns the command list.
func NewList(env *command.Env) *cobra.Command {
	var (
		t      target.Target
		status string
		model  string
		owner  string
		batch  string
		pairs  flags.Pairs
		words  string
		since  flags.Moment
		limit  int
		all    bool
		asJSON bool
	)
	statuses := []string{}
	for _, state := range append(video.States(), api.Running) {
		statuses = append(statuses, string(state))
	}
	cmd := &cobra.Command{
		Use: "list", Args: command.Args(0, 0),
		Short: "List the videos, newest first",
		Long: `Lists the videos, newest first: those that are being made, those that are stored,
and those that failed, with the reason. In a terminal each line is cut to its
width; elsewhere only the prompt is cut, after 200 characters; "takeup get" shows
all of it.

A search reads whole prompts, newest first, until it has found --limit videos or
there are no more; --since limits how far back it goes. The words may be in any
order.`,
		Example: "  takeup list --status error --since 48h\n" +
			"  takeup list --search 'paper boat' --since 30d",
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case status != "" && !slices.Contains(statuses, status):
				return command.Usagef("--status must be one of %s", strings.Join(statuses, ", "))
			case all && cmd.Flags().Changed("limit"):
				return command.Usagef("give --limit or --all, not both")
			case limit < 1:
				return command.Usagef("--limit must be at least 1")
			case cmd.Flags().Changed("search") && strings.TrimSpace(words) == "":
				return command.Usagef("--search needs words of the prompt")
			}
			access, err := t.API(cmd.Context(), env)
			if err != nil {
				return err
			}
			if all {
				limit = 0
			}
			q := api.ListQuery{Status: video.State(status), Model: model, Owner: owner, Batch: batch, Metadata: pairs.Map(), Words: words, Limit: pageSize, From: since.Time(env.Now())}
			got, err := list(cmd.Context(), access, q, limit)
			if err != nil {
				return err
			}
			if asJSON {
				return term.JSON(env.Out, got)
			}
			return printVideos(env.Out, env.Err, env.Width, got)
		},
	}
	set := cmd.Flags()
	set.StringVar(&status, "status", "", "only videos with this `status`: "+strings.Join(statuses, ", "))
	flags.Complete(cmd, "status", statuses)
	set.StringVar(&model, "model", "", "only videos of this `model`")
	flags.Complete(cmd, "model", request.ModelNames())
	set.StringVar(&owner, "owner", "", "only videos requested with the token of this `name`")
	flags.Complete(cmd, "owner", nil)
	set.StringVar(&batch, "batch", "", "only videos of the batch with this `id`")
	flags.Complete(cmd, "batch", nil)
	set.Var(&pairs, "metadata", "only videos whose metadata has this `key=value`; again for each pair")
	flags.Complete(cmd, "metadata", nil)
	set.StringVar(&words, "search", "", "only videos whose prompt has these `words`")
	set.Var(&since, "since", "only videos created since a `time`: 48h or 30d ago, 2026-08-21 or 2026-08-21T12:00:00Z")
	set.IntVarP(&limit, "limit", "n", 20, "the maximum of videos")
	set.BoolVar(&all, "all", false, "list all videos")
	flags.JSON(cmd, &asJSON)
	t.APIFlags(cmd)
	return cmd
}

// listed is the result of a list.
type listed struct {
	Videos []api.Video `json:"videos"`
	More   bool        `json:"more"`
	// SearchedTo is how far back prompts were searched. It is nil if the search is complete, or
	// if there was none.
	SearchedTo *time.Time `json:"searched_to"`
}

// list returns the jobs, newest first: at most limit of them, or all if limit is 0.
func list(ctx context.Context, access target.API, q api.ListQuery, limit int) (listed, error) {
	got := listed{Videos: []api.Video{}}
	for {
		if limit > 0 {
			q.Limit = min(pageSize, limit-len(got.Videos))
		}
		page, err := access.List(ctx, q)
		if err != nil {
			return listed{}, err
		}
		got.Videos = append(got.Videos, page.Videos...)
		if page.Next == nil || limit > 0 && len(got.Videos) >= limit {
			got.More, got.SearchedTo = page.Next != nil, page.SearchedTo
			return got, nil
		}
		q.Cursor = *page.Next
	}
}
