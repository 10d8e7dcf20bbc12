// Package preview shows what a file of prompts would become before anything is paid: the plan that
// is made here with the API's prices and times, or the stack's own.
package preview

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/mattn/go-runewidth"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/batch"
	"github.com/takeup/takeup/internal/batch/batchfile"
	"github.com/takeup/takeup/internal/cli/money"
	"github.com/takeup/takeup/internal/cli/term"
)

// Plan is the plan of a file of prompts, as it is printed.
type Plan struct {
	Batch  string             `json:"batch"`
	Lines  lineCounts         `json:"lines"`
	Videos map[batch.What]int `json:"videos"` // by what is to be done with them
	Models []share            `json:"models"` // cost of the videos to be made
	Total  share              `json:"total"`
	// Seconds is how long it takes to make the videos.
	Seconds int                `json:"seconds"`
	AtOnce  int                `json:"at_once"`
	Day     *moneyCap          `json:"day"` // nil without a cap
	Month   *moneyCap          `json:"month"`
	Quotes  bool               `json:"quotes_wrong"` // quotes make it unclear where lines begin
	Wrong   []*batchfile.Wrong `json:"wrong"`        // the first of the invalid lines
	Planned []plannedLine      `json:"planned"`      // the valid lines

	plan batch.Plan
}

type lineCounts struct {
	Right int `json:"right"`
	Wrong int `json:"wrong"`
}

// share is the cost of some of the videos.
type share struct {
	Model     string      `json:"model,omitempty"`
	Videos    int         `json:"videos"`
	USD       json.Number `json:"usd"` // lower bound for those with a known price
	MostUSD   json.Number `json:"most_usd"`
	Exact     bool        `json:"exact"`     // whether MostUSD equals USD
	Unbounded int         `json:"unbounded"` // videos whose price has no upper bound
	Unpriced  int         `json:"unpriced"`  // videos with an unknown price
}

// plannedLine is a line and its videos.
type plannedLine struct {
	Line     int            `json:"line"`
	Row      int            `json:"row,omitempty"`
	Label    string         `json:"label,omitempty"`
	Model    string         `json:"model"`
	Duration int            `json:"duration"`
	Videos   []plannedVideo `json:"videos"`
}

type plannedVideo struct {
	ID   string     `json:"id,omitempty"`
	What batch.What `json:"what"`
	File string     `json:"file"` // its name when downloaded
}

// add adds a line. If again is true, its videos get their ids only when they are made.
func (r *Plan) add(p batch.Planned, again bool) {
	line := plannedLine{Line: p.Number, Row: p.Row, Label: p.Label, Model: p.Request.Model(), Duration: p.Request.Duration()}
	for i, id := range p.IDs {
		if again {
			id = ""
		}
		line.Videos = append(line.Videos, plannedVideo{ID: id, What: p.What[i], File: batchfile.FileName(p.Number, i+1, p.Copies, p.Label)})
	}
	r.Planned = append(r.Planned, line)
}

// take sets the totals from the plan and the caps.
func (r *Plan) take(plan batch.Plan, caps api.Caps) error {
	r.plan, r.Quotes, r.Wrong, r.Models = plan, plan.Quotes, plan.Named, []share{}
	r.Lines = lineCounts{Right: plan.Lines, Wrong: plan.Wrong}
	if r.Wrong == nil {
		r.Wrong = []*batchfile.Wrong{}
	}
	r.Videos = map[batch.What]int{}
	for _, what := range []batch.What{batch.New, batch.Resume, batch.Running, batch.Stored, batch.Over} {
		r.Videos[what] = plan.Videos[what]
	}
	for _, share := range plan.Models {
		r.Models = append(r.Models, shareOf(share))
	}
	r.Total = shareOf(plan.Total)
	err := r.below(caps)
	r.Seconds = int(math.Ceil(plan.Takes(r.AtOnce).Seconds()))
	return err
}

func shareOf(s batch.Share) share {
	return share{Model: s.Model, Videos: s.Videos, USD: s.Least.USD(), MostUSD: s.Most.USD(), Exact: s.Exact(), Unbounded: s.Unbounded, Unpriced: s.Unpriced}
}

// Verdict returns an error if there are invalid lines that may not be skipped.
func (r *Plan) Verdict(skip bool) error {
	switch {
	case r.Quotes:
		return &WrongLines{Message: "the file has unbalanced quotes, so it is unclear where its lines begin; correct them, since no line can be skipped before. Nothing was started or paid"}
	case r.Lines.Wrong > 0 && !skip:
		return &WrongLines{Message: term.Count(r.Lines.Wrong, "line is", "lines are") + " invalid; correct them, or skip them with --skip-invalid. Nothing was started or paid"}
	}
	return nil
}

// Print prints the plan for people, in lines of at most width columns; 0 is unlimited.
func (r *Plan) Print(out io.Writer, width int) {
	say := func(indent, text string) { term.Wrap(out, width, indent, indent+term.Gap, text) }
	say("", "batch: "+term.Plain(r.Batch))
	lines := term.Count(r.Lines.Right, "line", "lines")
	if r.Lines.Wrong > 0 {
		lines += fmt.Sprintf(", and %d invalid", r.Lines.Wrong)
	}
	videos := 0
	for _, n := range r.Videos {
		videos += n
	}
	say("", lines+": "+term.Count(videos, "video", "videos"))
	for _, kind := range []struct {
		what batch.What
		text string
	}{
		{batch.New, "new"},
		{batch.Resume, "to resume, after ending without a video"},
		{batch.Running, "running already"},
		{batch.Stored, "stored already"},
		{batch.Over, "ended for good without a video, and not made again"},
	} {
		if n := r.Videos[kind.what]; n > 0 {
			say("  ", fmt.Sprintf("%d %s", n, kind.text))
		}
	}
	r.printCost(out, width)
	if r.Videos[batch.New]+r.Videos[batch.Resume] > 0 {
		say("", fmt.Sprintf("time: about %s, %d at once", term.Span(time.Duration(r.Seconds)*time.Second), r.AtOnce))
	}
	if r.Day != nil && r.Day.Periods > 0 {
		say("", r.Day.text("day", "days"))
	}
	if r.Month != nil && r.Month.Periods > 0 {
		say("", r.Month.text("month", "months"))
	}
	if len(r.Wrong) > 0 {
		say("", "invalid lines:")
	}
	for _, wrong := range r.Wrong {
		say("  ", term.Plain(wrong.Error()))
	}
	if more := r.Lines.Wrong - len(r.Wrong); more > 0 {
		say("  ", fmt.Sprintf("and %d more", more))
	}
}

// printCost prints the cost of the videos: a line for each model and one for all, or two lines
// each in a narrow terminal.
func (r *Plan) printCost(out io.Writer, width int) {
	shares := append(append([]share{}, r.Models...), r.Total)
	shares[len(shares)-1].Model = "all"
	if len(r.Models) == 1 {
		shares = shares[:1]
	}
	if r.Total.Videos == 0 {
		fmt.Fprintln(out, "cost: nothing")
		return
	}
	names, counts := 0, 0
	for _, s := range shares {
		names, counts = max(names, runewidth.StringWidth(s.Model)), max(counts, len(fmt.Sprint(s.Videos)))
	}
	fmt.Fprintln(out, "cost:")
	for _, s := range shares {
		line := term.Gap + runewidth.FillRight(s.Model, names) + term.Gap + fmt.Sprintf("%*d", counts, s.Videos) + term.Gap + shareText(s)
		if width > 0 && runewidth.StringWidth(line) > width {
			fmt.Fprintln(out, term.Gap+s.Model)
			term.Wrap(out, width, term.Gap+term.Gap, term.Gap+term.Gap+term.Gap, term.Count(s.Videos, "video", "videos")+", "+shareText(s))
			continue
		}
		fmt.Fprintln(out, line)
	}
}

// shareText formats the cost of some of the videos.
func shareText(s share) string {
	if s.Unpriced == s.Videos {
		return "unknown"
	}
	text := money.WithCents(s.USD) + " USD"
	switch {
	case s.Unbounded > 0:
		text = "at least " + text
	case s.USD != s.MostUSD:
		text = money.WithCents(s.USD) + " to " + money.WithCents(s.MostUSD) + " USD"
	}
	if s.Unpriced > 0 {
		text += fmt.Sprintf(", and %d with an unknown price", s.Unpriced)
	}
	return text
}
