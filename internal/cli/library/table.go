package library

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/mattn/go-runewidth"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/cli/term"
)

// roomForText is the least number of columns for a prompt.
const roomForText = 24

// field is a column of the list.
type field struct {
	title string
	of    func(api.Video) string
}

func videoFields() []field {
	return []field{
		{"ID", func(v api.Video) string { return v.ID }},
		{"STATUS", func(v api.Video) string { return string(v.Status) }},
		{"CREATED", func(v api.Video) string { return v.CreatedAt.UTC().Format(time.RFC3339) }},
		{"MODEL", func(v api.Video) string { return term.OrEmpty(v.Model) }},
		{"SECONDS", func(v api.Video) string {
			if v.Duration == nil {
				return ""
			}
			return fmt.Sprint(*v.Duration)
		}},
		{"USD", func(v api.Video) string {
			if v.Cost == nil {
				return ""
			}
			return fmt.Sprintf("%.2f", v.Cost.USD)
		}},
		{"PROMPT", func(v api.Video) string { return term.Plain(term.OrEmpty(v.Prompt)) }},
		{"WHY", why},
	}
}

// why returns the reason why a job has no video.
func why(v api.Video) string {
	if v.Error == nil {
		return ""
	}
	return term.Plain(v.Error.Name + ": " + v.Error.Message)
}

// printVideos prints a table that fits a width; 0 is unlimited. Notes go to notes.
func printVideos(out, notes io.Writer, width int, got listed) error {
	if len(got.Videos) == 0 {
		fmt.Fprintln(notes, "no videos")
		return nil
	}
	var err error
	if width == 0 {
		err = printWhole(out, got.Videos)
	} else {
		printFitting(out, width, got.Videos)
	}
	if err != nil || !got.More {
		return err
	}
	if got.SearchedTo != nil {
		fmt.Fprintf(notes, "searched back to %s; search further with --limit or --all\n", got.SearchedTo.UTC().Format(time.RFC3339))
		return nil
	}
	fmt.Fprintln(notes, "there are more; show them with --limit or --all")
	return nil
}

func printWhole(out io.Writer, videos []api.Video) error {
	columns := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	var titles []string
	for _, f := range videoFields() {
		titles = append(titles, f.title)
	}
	fmt.Fprintln(columns, strings.Join(titles, "\t"))
	for _, v := range videos {
		var cells []string
		for _, f := range videoFields() {
			cells = append(cells, term.Dash(f.of(v)))
		}
		fmt.Fprintln(columns, strings.Join(cells, "\t"))
	}
	return columns.Flush()
}

// printFitting prints a line for each video that fits the terminal. It cuts the prompt and the
// reason, and prints values that all videos have in common only once. If a line can't hold an id
// and part of the prompt, the id has a line of its own. The id is never cut, since other
// commands take it.
func printFitting(out io.Writer, width int, videos []api.Video) {
	fields := videoFields()
	text, reason := fields[len(fields)-2], fields[len(fields)-1]
	fields = fields[:len(fields)-2]
	var common []string
	fields = slices.DeleteFunc(fields, func(f field) bool {
		if f.title != "MODEL" && f.title != "SECONDS" || len(videos) == 1 {
			return false
		}
		value, same := sameValue(f, videos)
		if same && value != "" {
			common = append(common, f.title+" "+value)
		}
		return same
	})
	lines := func(fields []field) int { return tableWidth(fields, videos) + roomForText }
	below := []field{}
	if lines(fields) > width {
		below, fields = append(below, fields[0]), fields[1:]
	}
	if i := slices.IndexFunc(fields, func(f field) bool { return f.title == "MODEL" }); i >= 0 && lines(fields) > width {
		below, fields = append(below, fields[i]), slices.Delete(fields, i, i+1)
	}
	widths := make([]int, len(fields))
	for i, f := range fields {
		widths[i] = fieldWidth(f, videos)
	}
	row := func(cells []string, last string) {
		line := ""
		for i, cell := range cells {
			line += runewidth.FillRight(cell, widths[i]) + term.Gap
		}
		fmt.Fprintln(out, strings.TrimRight(runewidth.Truncate(line+last, width, "…"), " "))
	}
	var titles []string
	for _, f := range fields {
		titles = append(titles, f.title)
	}
	row(titles, text.title)
	for _, v := range videos {
		var cells []string
		for _, f := range fields {
			cells = append(cells, term.Dash(f.of(v)))
		}
		row(cells, term.Dash(text.of(v)))
		for _, f := range below {
			if value := f.of(v); value != "" {
				fmt.Fprintln(out, term.Gap+value)
			}
		}
		if because := reason.of(v); because != "" {
			fmt.Fprintln(out, runewidth.Truncate(term.Gap+because, width, "…"))
		}
	}
	if len(common) > 0 {
		fmt.Fprintln(out, runewidth.Truncate("all: "+strings.Join(common, ", "), width, "…"))
	}
}

// sameValue reports whether all videos with a field have the same value in it.
func sameValue(f field, videos []api.Video) (value string, same bool) {
	for _, v := range videos {
		switch got := f.of(v); {
		case got == "" || got == value:
		case value != "":
			return "", false
		default:
			value = got
		}
	}
	return value, true
}

func fieldWidth(f field, videos []api.Video) int {
	width := runewidth.StringWidth(f.title)
	for _, v := range videos {
		width = max(width, runewidth.StringWidth(term.Dash(f.of(v))))
	}
	return width
}

func tableWidth(fields []field, videos []api.Video) int {
	width := 0
	for _, f := range fields {
		width += fieldWidth(f, videos) + len(term.Gap)
	}
	return width
}
