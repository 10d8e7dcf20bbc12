package control

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/cli/command"
	"github.com/takeup/takeup/internal/cli/money"
	"github.com/takeup/takeup/internal/cli/term"
	"github.com/takeup/takeup/internal/operator"
	"github.com/takeup/takeup/internal/price"
)

// printCaps prints each cap with the amount held under it.
func printCaps(out io.Writer, caps api.Caps) error {
	columns := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(name, text string) { fmt.Fprintf(columns, "%s\t%s\n", name, text) }
	held := func(name string, h api.Held, of string) {
		row(name, heldText(h)+of)
		row("", fmt.Sprintf("spent %s, reserved %s, uncertain %s", money.USD(h.Spent), money.USD(h.Reserved), money.USD(h.Uncertain)))
		row("", "resets at "+h.ResetsAt.UTC().Format(time.RFC3339))
	}
	for _, c := range []struct {
		name string
		cap  api.Cap
	}{{"day", caps.Day}, {"month", caps.Month}} {
		held(c.name, c.cap.Held, ofText(limitText(c.cap.Limit), limitText(c.cap.Parameter)))
	}
	row("in flight", fmt.Sprint(caps.InFlight.Held)+ofText(countText(caps.InFlight.Limit), countText(caps.InFlight.Parameter)))
	for _, owner := range caps.Owners {
		held("owner "+term.Plain(owner.Name), owner.Held, " of "+money.USD(owner.Limit)+" a day")
	}
	if set := caps.Override; set != nil {
		row("set", "by "+term.Plain(set.By))
		row("", "at "+set.At.UTC().Format(time.RFC3339)+", "+untilText(set.Until))
	}
	return columns.Flush()
}

// ofText formats a cap, with the stack's parameter if that differs.
func ofText(limit, parameter string) string {
	text := " of " + limit
	if limit == "" {
		text = ", no cap"
	}
	switch {
	case limit == parameter:
		return text
	case parameter == "":
		return text + "; the stack's parameter has none"
	}
	return text + "; the stack's parameter is " + parameter
}

func untilText(until *time.Time) string {
	if until == nil {
		return "until they are reset (takeup caps reset)"
	}
	return "until " + until.UTC().Format(time.RFC3339)
}

// limitText formats a limit. It is empty if there is none.
func limitText(limit *json.Number) string {
	if limit == nil {
		return ""
	}
	return money.USD(*limit)
}

func countText(n *int64) string {
	if n == nil {
		return ""
	}
	return fmt.Sprint(*n)
}

func heldText(held api.Held) string {
	return (money.Micros(held.Spent) + money.Micros(held.Reserved) + money.Micros(held.Uncertain)).String()
}

// capsSet is the JSON output of caps set and reset: what overrides the stack's parameters. A cap
// of null means the stack's parameter, and 0 means no cap.
type capsSet struct {
	Override *overrideSet           `json:"override"`
	Owners   map[string]json.Number `json:"owners"`
}

type overrideSet struct {
	By       string       `json:"by"`
	At       time.Time    `json:"at"`
	Until    *time.Time   `json:"until"`
	Day      *json.Number `json:"max_usd_per_day"`
	Month    *json.Number `json:"max_usd_per_month"`
	InFlight *int64       `json:"max_in_flight"`
}

// showSet prints what overrides the stack's parameters.
func showSet(env *command.Env, c operator.Control, asJSON bool) error {
	set := c.CapsAt(env.Now())
	if asJSON {
		return term.JSON(env.Out, setJSON(set, c.Owners))
	}
	columns := tabwriter.NewWriter(env.Out, 0, 0, 2, ' ', 0)
	row := func(name, text string) { fmt.Fprintf(columns, "%s\t%s\n", name, text) }
	if set == nil {
		row("caps", "the stack's parameters")
	} else {
		until := (*time.Time)(nil)
		if !set.Until.IsZero() {
			until = &set.Until
		}
		usd := func(micros int64) string { return price.Micros(micros).String() }
		row("day", setText(set.DayMicros, usd))
		row("month", setText(set.MonthMicros, usd))
		row("in flight", setText(set.InFlight, func(n int64) string { return fmt.Sprint(n) }))
		row("set", "by "+term.Plain(set.By)+", "+untilText(until))
	}
	for _, name := range slices.Sorted(maps.Keys(c.Owners)) {
		row("owner "+name, price.Micros(c.Owners[name]).String()+" a day")
	}
	return columns.Flush()
}

func setText(limit *int64, text func(int64) string) string {
	switch {
	case limit == nil:
		return "the stack's parameter"
	case *limit == 0:
		return "no cap"
	}
	return strings.TrimSpace(text(*limit))
}

func setJSON(set *operator.Caps, owners map[string]int64) capsSet {
	got := capsSet{Owners: map[string]json.Number{}}
	for name, micros := range owners {
		got.Owners[name] = price.Micros(micros).USD()
	}
	if set == nil {
		return got
	}
	usd := func(micros *int64) *json.Number {
		if micros == nil {
			return nil
		}
		return new(price.Micros(*micros).USD())
	}
	got.Override = &overrideSet{By: set.By, At: set.At, Day: usd(set.DayMicros), Month: usd(set.MonthMicros), InFlight: set.InFlight}
	if !set.Until.IsZero() {
		got.Override.Until = &set.Until
	}
	return got
}
