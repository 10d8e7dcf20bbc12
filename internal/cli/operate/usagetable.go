package operate

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/mattn/go-runewidth"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/cli/money"
	"github.com/takeup/takeup/internal/cli/term"
)

// The characters of a bar, which every terminal can show.
const (
	spentMark     = "#"
	reservedMark  = "+"
	uncertainMark = "?"
)

const (
	leastBar = 8  // in characters
	wholeBar = 40 // if the terminal's width is unknown
)

// usageRow is a row of a table of usage.
type usageRow struct {
	name string
	sum  api.UsageSum
}

// figure is a column of a table of usage.
type figure struct {
	title string
	of    func(api.UsageSum) string
}

// usageFigures returns all columns, and those of a narrow table.
func usageFigures() (all, narrow []figure) {
	videos := figure{"VIDEOS", func(s api.UsageSum) string { return fmt.Sprint(s.Videos) }}
	spent := figure{"SPENT", func(s api.UsageSum) string { return money.Cents(s.Spent) }}
	return []figure{
		videos,
		{"FAILED", func(s api.UsageSum) string { return fmt.Sprint(s.Failed) }},
		spent,
		{"RESERVED", func(s api.UsageSum) string { return money.Cents(s.Reserved) }},
		{"UNCERTAIN", func(s api.UsageSum) string { return money.Cents(s.Uncertain) }},
	}, []figure{videos, spent}
}

// printUsage prints a month in a width; 0 is unlimited.
func printUsage(out io.Writer, width int, got api.Usage) {
	if held(got.Total) == 0 && got.Total.Videos+got.Total.Failed+got.Total.InDoubt == 0 {
		term.Wrap(out, width, "", "", "nothing was submitted in "+got.Month)
		printBalance(out, width, got.Balance)
		return
	}
	var days, models, owners []usageRow
	for _, d := range got.Days {
		days = append(days, usageRow{d.Day, d.UsageSum})
	}
	for _, m := range got.Models {
		models = append(models, usageRow{term.Plain(m.Model), m.UsageSum})
	}
	for _, o := range got.Owners {
		owners = append(owners, usageRow{cmp.Or(term.Plain(term.OrEmpty(o.Owner)), "(no token)"), o.UsageSum})
	}
	printDays(out, width, days)
	fmt.Fprintln(out)
	term.Wrap(out, width, "", "", got.Month+": "+sumText(got.Total))
	if got.Today != nil {
		term.Wrap(out, width, "", "", "today: "+sumText(got.Today.UsageSum))
	}
	printBalance(out, width, got.Balance)
	fmt.Fprintln(out)
	printGroups(out, width, "MODEL", models)
	fmt.Fprintln(out)
	printGroups(out, width, "OWNER", owners)
}

// printBalance prints the account's balance at the provider, if it is known.
func printBalance(out io.Writer, width int, b *api.Balance) {
	if b != nil {
		term.Wrap(out, width, "", "", fmt.Sprintf("balance at the provider: %s USD, at %s", money.Cents(b.USD), b.At.UTC().Format(time.RFC3339)))
	}
}

// printDays prints a line for each day, with a bar in the remaining width. If that is too
// narrow, the rare figures follow on the next line.
func printDays(out io.Writer, width int, days []usageRow) {
	columns, narrow := usageFigures()
	room := func(columns []figure) int { return width - usageWidth("DAY", columns, days) - len(term.Gap) }
	bar, below := wholeBar, false
	if width > 0 {
		if bar = room(columns); bar < leastBar {
			columns, below = narrow, true
			bar = max(room(columns), 0)
		}
	}
	most := 0.0
	for _, d := range days {
		most = max(most, held(d.sum))
	}
	row := usageColumns(out, "DAY", columns, days)
	row("DAY", nil, "")
	for _, d := range days {
		row(d.name, &d.sum, drawBar(d.sum, most, bar))
		if text := restText(d.sum); below && text != "" {
			term.Wrap(out, width, term.Gap, term.Gap, text)
		}
	}
	if bar > 0 {
		term.Wrap(out, width, "", "", fmt.Sprintf("bars: %s spent, %s reserved, %s uncertain; the longest is %.2f USD", spentMark, reservedMark, uncertainMark, most))
	}
}

// printGroups prints a line for each model or owner. In a narrow terminal it prints the name,
// and below it the figures in words.
func printGroups(out io.Writer, width int, title string, groups []usageRow) {
	columns, _ := usageFigures()
	if width == 0 || usageWidth(title, columns, groups) <= width {
		row := usageColumns(out, title, columns, groups)
		row(title, nil, "")
		for _, g := range groups {
			row(g.name, &g.sum, "")
		}
		return
	}
	fmt.Fprintln(out, title)
	for _, g := range groups {
		fmt.Fprintln(out, runewidth.Truncate(g.name, width, "…"))
		term.Wrap(out, width, term.Gap, term.Gap, sumText(g.sum))
	}
}

// usageColumns returns a function that prints a row: a name, the figures of a sum, and a bar.
// Without a sum, the function prints the titles.
func usageColumns(out io.Writer, title string, columns []figure, rows []usageRow) func(name string, sum *api.UsageSum, bar string) {
	first, widths := usageWidths(title, columns, rows)
	return func(name string, sum *api.UsageSum, bar string) {
		text := runewidth.FillRight(name, first)
		for i, c := range columns {
			cell := c.title
			if sum != nil {
				cell = c.of(*sum)
			}
			text += term.Gap + runewidth.FillLeft(cell, widths[i])
		}
		fmt.Fprintln(out, strings.TrimRight(text+term.Gap+bar, " "))
	}
}

func usageWidths(title string, columns []figure, rows []usageRow) (first int, widths []int) {
	first = runewidth.StringWidth(title)
	for _, c := range columns {
		widths = append(widths, len(c.title))
	}
	for _, r := range rows {
		first = max(first, runewidth.StringWidth(r.name))
		for i, c := range columns {
			widths[i] = max(widths[i], len(c.of(r.sum)))
		}
	}
	return first, widths
}

func usageWidth(title string, columns []figure, rows []usageRow) int {
	width, widths := usageWidths(title, columns, rows)
	for _, w := range widths {
		width += len(term.Gap) + w
	}
	return width
}

// drawBar draws a sum in a scale in which most fills the room. Every amount has at least one
// character, if there is room.
func drawBar(sum api.UsageSum, most float64, room int) string {
	bar := ""
	for _, part := range []struct {
		mark   string
		amount json.Number
	}{{spentMark, sum.Spent}, {reservedMark, sum.Reserved}, {uncertainMark, sum.Uncertain}} {
		if amount := money.Float(part.amount); amount > 0 {
			n := max(1, int(math.Round(amount/most*float64(room))))
			bar += strings.Repeat(part.mark, min(n, room-len(bar)))
		}
	}
	return bar
}

// sumText formats a sum in words.
func sumText(s api.UsageSum) string {
	videos := fmt.Sprintf("%d videos", s.Videos)
	if s.Videos == 1 {
		videos = "1 video"
	}
	text := videos + " for " + money.Cents(s.Spent) + " USD"
	if rest := restText(s); rest != "" {
		text += ", " + rest
	}
	return text
}

// restText formats the figures of a sum other than videos. It is empty if there are none.
func restText(s api.UsageSum) string {
	var parts []string
	if s.Failed > 0 {
		parts = append(parts, fmt.Sprintf("%d failed", s.Failed))
	}
	if money.Float(s.Reserved) > 0 {
		parts = append(parts, money.Cents(s.Reserved)+" reserved")
	}
	if s.InDoubt > 0 || money.Float(s.Uncertain) > 0 {
		parts = append(parts, fmt.Sprintf("%s uncertain for %d in doubt", money.Cents(s.Uncertain), s.InDoubt))
	}
	return strings.Join(parts, ", ")
}

// held returns what counts against the caps, for drawing.
func held(s api.UsageSum) float64 {
	return money.Float(s.Spent) + money.Float(s.Reserved) + money.Float(s.Uncertain)
}
