package batch

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/mattn/go-runewidth"
	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/cli/command"
	"github.com/takeup/takeup/internal/cli/flags"
	"github.com/takeup/takeup/internal/cli/money"
	"github.com/takeup/takeup/internal/cli/target"
	"github.com/takeup/takeup/internal/cli/term"
)

func newList(env *command.Env) *cobra.Command {
	var (
		t      target.Target
		limit  int
		all    bool
		asJSON bool
	)
	cmd := &cobra.Command{
		Use: "list", Args: command.Args(0, 0),
		Short: "List the batches, newest first",
		Long: `Lists the batches, newest first: their status, how many of their videos are stored
and how many ended without one, and what they cost so far.`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case all && cmd.Flags().Changed("limit"):
				return command.Usagef("give --limit or --all, not both")
			case limit < 1:
				return command.Usagef("--limit must be at least 1")
			}
			access, err := t.API(cmd.Context(), env)
			if err != nil {
				return err
			}
			if all {
				limit = 0
			}
			got, err := list(cmd.Context(), access, limit)
			if err != nil {
				return err
			}
			if asJSON {
				return term.JSON(env.Out, got)
			}
			printBatches(env.Out, env.Width, got.Batches)
			switch {
			case len(got.Batches) == 0:
				fmt.Fprintln(env.Err, "no batches")
			case got.More:
				fmt.Fprintln(env.Err, "there are more; show them with --limit or --all")
			}
			return nil
		},
	}
	cmd.Flags().IntVarP(&limit, "limit", "n", 20, "the maximum of batches")
	cmd.Flags().BoolVar(&all, "all", false, "list all batches")
	flags.JSON(cmd, &asJSON)
	t.APIFlags(cmd)
	return cmd
}

// listed is the result of a list.
type listed struct {
	Batches []api.Batch `json:"batches"`
	More    bool        `json:"more"`
}

// list returns the batches, newest first: at most limit of them, or all if limit is 0.
func list(ctx context.Context, access target.API, limit int) (listed, error) {
	got, cursor := listed{Batches: []api.Batch{}}, ""
	for {
		size := api.MaxPage
		if limit > 0 {
			size = min(size, limit-len(got.Batches))
		}
		page, err := access.Batches(ctx, size, cursor)
		if err != nil {
			return listed{}, err
		}
		got.Batches = append(got.Batches, page.Batches...)
		if page.Next == nil || limit > 0 && len(got.Batches) >= limit {
			got.More = page.Next != nil
			return got, nil
		}
		cursor = *page.Next
	}
}

// printBatches prints a line for each batch, in at most width columns; 0 is unlimited. If the
// line can't hold the id, which other commands take and is never cut, the id has a line of its
// own.
func printBatches(out io.Writer, width int, batches []api.Batch) {
	if len(batches) == 0 {
		return
	}
	rows := [][]string{{"STATUS", "VIDEOS", "STORED", "WITHOUT", "USD", "CREATED", "NAME", "ID"}}
	for _, b := range batches {
		rows = append(rows, []string{
			b.Status, fmt.Sprint(b.Counts.Videos), fmt.Sprint(b.Counts.Stored), fmt.Sprint(b.Counts.Failed + b.Counts.Cancelled),
			money.Cents(b.Money.Spent), b.CreatedAt.UTC().Format(time.RFC3339), term.Dash(term.Plain(b.Name)), b.ID,
		})
	}
	last := len(rows[0]) - 1
	widths, whole := make([]int, last), 0
	for i := range widths {
		for _, row := range rows {
			widths[i] = max(widths[i], runewidth.StringWidth(row[i]))
		}
		whole += widths[i] + len(term.Gap)
	}
	below := width > 0 && whole+runewidth.StringWidth(rows[1][last]) > width
	for n, row := range rows {
		line := ""
		for i, cell := range row[:last] {
			line += runewidth.FillRight(cell, widths[i]) + term.Gap
		}
		if !below {
			fmt.Fprintln(out, line+row[last])
			continue
		}
		fmt.Fprintln(out, runewidth.Truncate(strings.TrimRight(line, " "), width, "…"))
		if n > 0 {
			fmt.Fprintln(out, term.Gap+row[last])
		}
	}
}
