package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/video"
)

// pageSize is the most jobs that the API gives at once.
const pageSize = 50

func newList(w *world) *cobra.Command {
	var (
		t      target
		status string
		model  string
		owner  string
		words  string
		since  moment
		limit  int
		all    bool
		asJSON bool
	)
	statuses := []string{}
	for _, state := range append(video.States(), api.Running) {
		statuses = append(statuses, string(state))
	}
	cmd := &cobra.Command{
		Use: "list", GroupID: groupVideos, Args: arguments(0, 0),
		Short: "List the videos, newest first",
		Long: `Lists the videos, newest first: those that are on their way, those that are
stored, and those that ended without one, with the reason. In a terminal each
line is cut to its width; elsewhere nothing is cut but the prompt, after 200
characters; "takeup get" has all of it.

A search looks through the whole prompts, newest first, until --limit videos are
found, or there are no more: --since bounds it. The words may come in any order.`,
		Example: "  takeup list --status error --since 48h\n" +
			"  takeup list --search 'paper boat' --since 30d",
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case status != "" && !slices.Contains(statuses, status):
				return &usageError{fmt.Errorf("--status takes %s", strings.Join(statuses, ", "))}
			case all && cmd.Flags().Changed("limit"):
				return &usageError{errors.New("give --limit or --all, not both")}
			case limit < 1:
				return &usageError{errors.New("--limit takes 1 or more")}
			case cmd.Flags().Changed("search") && strings.TrimSpace(words) == "":
				return &usageError{errors.New("--search takes words of the prompt")}
			}
			access, err := t.api(cmd.Context(), w)
			if err != nil {
				return err
			}
			if all {
				limit = 0
			}
			q := api.ListQuery{Status: video.State(status), Model: model, Owner: owner, Words: words, Limit: pageSize, From: since.time(w.now())}
			got, err := list(cmd.Context(), access, q, limit)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(w.out, got)
			}
			return printVideos(w.out, w.err, w.width, got)
		},
	}
	set := cmd.Flags()
	set.StringVar(&status, "status", "", "only those of this `status`: "+strings.Join(statuses, ", "))
	complete(cmd, "status", statuses)
	set.StringVar(&model, "model", "", "only those of this `model`")
	complete(cmd, "model", modelNames())
	set.StringVar(&owner, "owner", "", "only those that this token asked for, by its `name`")
	complete(cmd, "owner", nil)
	set.StringVar(&words, "search", "", "only those whose prompt has these `words`")
	set.Var(&since, "since", "only those that were created since a `time`: 48h or 30d ago, 2026-08-21 or 2026-08-21T12:00:00Z")
	set.IntVarP(&limit, "limit", "n", 20, "the most that are listed")
	set.BoolVar(&all, "all", false, "list all of them")
	jsonFlag(cmd, &asJSON)
	t.apiFlags(cmd)
	return cmd
}

// listed is what was found of the jobs.
type listed struct {
	Videos []api.Video `json:"videos"`
	More   bool        `json:"more"`
	// SearchedTo is how far back words were looked for; nil where there is nothing
	// further back, or none were.
	SearchedTo *time.Time `json:"searched_to"`
}

// list gives the jobs, newest first, at most limit of them unless it is 0.
func list(ctx context.Context, access apiAccess, q api.ListQuery, limit int) (listed, error) {
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

// moment is a flag's value: a time, or how long ago it is. It is a pflag.Value.
type moment struct {
	text string
	ago  time.Duration
	at   time.Time
}

// time is the time that is meant; zero where none was given.
func (m moment) time(now time.Time) time.Time {
	if m.ago > 0 {
		return now.Add(-m.ago)
	}
	return m.at
}

// Set reads 48h, 30d, a day in UTC or a time.
func (m *moment) Set(text string) error {
	*m = moment{text: text}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		if err == nil && n > 0 {
			m.ago = time.Duration(n) * 24 * time.Hour
			return nil
		}
	}
	if ago, err := time.ParseDuration(text); err == nil && ago > 0 {
		m.ago = ago
		return nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if at, err := time.Parse(layout, text); err == nil {
			m.at = at
			return nil
		}
	}
	return errors.New("it takes a time such as 48h, 30d, 2026-08-21 or 2026-08-21T12:00:00Z")
}

func (m *moment) String() string { return m.text }

// Type is what the flag's help calls the value.
func (m *moment) Type() string { return "time" }

// clip keeps a text to n characters.
func clip(text string, n int) string {
	if runes := []rune(text); len(runes) > n {
		return string(runes[:n-1]) + "…"
	}
	return text
}
