package usage_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/usage"
)

var now = time.Date(2026, 8, 3, 23, 30, 0, 0, time.FixedZone("west", -2*60*60)) // the 4th in UTC

func TestSummarize(t *testing.T) {
	all := []budget.Usage{
		{Day: "2026-08-02", Owner: "ann", Model: "pro", Videos: 2, Failed: 1, SpentMicros: 1_960_000},
		{Day: "2026-08-02", Owner: "", Model: "pro", Videos: 1, SpentMicros: 980_000},
		{Day: "2026-08-04", Owner: "ann", Model: "standard", InDoubt: 2, UncertainMicros: 4_000_000},
		{Day: "2026-08-04", Owner: "bob", Model: "standard", ReservedMicros: 500_001},
	}
	for _, test := range []struct {
		name  string
		month usage.Month
		all   []budget.Usage
		want  string
	}{
		{"this month", "2026-08", all, `
sum 3/1/2 500001/2940000/4000000
day 2026-08-01 0/0/0 0/0/0
day 2026-08-02 3/1/0 0/2940000/0
day 2026-08-03 0/0/0 0/0/0
day 2026-08-04 0/0/2 500001/0/4000000
model standard 0/0/2 500001/0/4000000
model pro 3/1/0 0/2940000/0
owner ann 2/1/2 0/1960000/4000000
owner  1/0/0 0/980000/0
owner bob 0/0/0 500001/0/0`},
		{"a day ahead of the clock", "2026-08", []budget.Usage{{Day: "2026-08-05", Videos: 1}}, `
sum 1/0/0 0/0/0
day 2026-08-01 0/0/0 0/0/0
day 2026-08-02 0/0/0 0/0/0
day 2026-08-03 0/0/0 0/0/0
day 2026-08-04 0/0/0 0/0/0
day 2026-08-05 1/0/0 0/0/0
model  1/0/0 0/0/0
owner  1/0/0 0/0/0`},
		{"a future month", "2026-09", nil, "\nsum 0/0/0 0/0/0"},
	} {
		r := usage.Summarize(test.month, test.all, now)
		var got strings.Builder
		line := func(name string, s usage.Sum) {
			fmt.Fprintf(&got, "\n%s %d/%d/%d %d/%d/%d", name, s.Videos, s.Failed, s.InDoubt, s.Reserved, s.Spent, s.Uncertain)
		}
		line("sum", r.Sum)
		for _, g := range r.Days {
			line("day "+g.Name, g.Sum)
		}
		for _, g := range r.Models {
			line("model "+g.Name, g.Sum)
		}
		for _, g := range r.Owners {
			line("owner "+g.Name, g.Sum)
		}
		if got.String() != test.want {
			t.Errorf("%s: got %s\nwant %s", test.name, &got, test.want)
		}
	}
}

func TestADay(t *testing.T) {
	r := usage.Summarize("2026-08", []budget.Usage{{Day: "2026-08-04", Videos: 1}}, now)
	for day, videos := range map[string]int64{"2026-08-04": 1, "2026-08-03": 0} {
		if sum, ok := r.Day(day); !ok || sum.Videos != videos {
			t.Errorf("%s: %+v, %v", day, sum, ok)
		}
	}
	if _, ok := r.Day("2026-09-01"); ok {
		t.Error("a day of another month is in the report")
	}
}

func TestAWholeMonth(t *testing.T) {
	for month, days := range map[usage.Month]int{"2026-07": 31, "2026-02": 28, "2024-02": 29} {
		if got := len(usage.Summarize(month, nil, now).Days); got != days {
			t.Errorf("%s has %d days", month, got)
		}
	}
}

func TestParseMonth(t *testing.T) {
	for text, ok := range map[string]bool{
		"2026-08": true, "1000-01": true, "0999-12": false, "": false, "2026": false, "2026-8": false, "2026-13": false, "2026-00": false, "2026-08-21": false, "0000-01": false,
		"٢٠٢٦-٠٨": false, " 2026-08": false, "2026-08 ": false, "20260-08": false,
	} {
		got, err := usage.ParseMonth(text)
		if (err == nil) != ok || ok && string(got) != text {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	if got := usage.MonthOf(time.Date(2026, 8, 31, 23, 0, 0, 0, time.FixedZone("west", -2*60*60))); got != "2026-09" {
		t.Errorf("in UTC it is %s", got)
	}
}
