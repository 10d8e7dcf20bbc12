package list

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// Measured is the measurement of a kind of request.
type Measured struct {
	Name  string
	Calls []int           // AWS calls of each counted request; empty if the version has no such request
	Of    map[string]int  // those of the last request, by operation
	Times []time.Duration // the function's own
}

// Bare holds the times of reads of the table by the SDK alone: a Query of a first page, a Query
// of a job's items, and a GetItem of a job.
type Bare struct{ List, Job, Item []time.Duration }

// Report is the result of a run.
type Report struct {
	Jobs, EarlierJobs, Rounds int
	Watch                     time.Duration // how long the page was open
	Now, Earlier              []Measured    // Earlier is empty if that version was omitted
	Bare                      Bare
	Opening                   Opening // of the page of the present version
}

// quantile returns the smallest value that at least this share of the values doesn't exceed, or
// zero for no values.
func quantile[T int | time.Duration](values []T, share float64) T {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(len(sorted)-1, int(share*float64(len(sorted))))]
}

func (r *Report) of(name string) Measured {
	i := slices.IndexFunc(r.Now, func(m Measured) bool { return m.Name == name })
	if i < 0 {
		return Measured{}
	}
	return r.Now[i]
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f", d.Seconds()*1e3) }

// cells formats the calls of a kind of request, their maximum and the times.
func (m Measured) cells() string {
	if len(m.Calls) == 0 {
		return "-\t-\t-\t-\t"
	}
	cells := fmt.Sprintf("%d\t%d\t", quantile(m.Calls, 0.5), slices.Max(m.Calls))
	if len(m.Times) == 0 {
		return cells + "-\t-\t"
	}
	return cells + ms(quantile(m.Times, 0.5)) + "\t" + ms(quantile(m.Times, 0.95)) + "\t"
}

// Write writes the tables, and a last line for machines.
func (r *Report) Write(w io.Writer) error {
	fmt.Fprintf(w, "%d jobs over %d days in the table, %d of them running and %d failed", r.Jobs, days, running, failed)
	if len(r.Earlier) > 0 {
		fmt.Fprintf(w, "; %d jobs at commit %s", r.EarlierJobs, earlierCommit)
	}
	fmt.Fprintf(w, "\n%d rounds; the calls are the median and the most; the page was open for %s\n\n", r.Rounds, r.Watch)
	table := tabwriter.NewWriter(w, 0, 0, 3, ' ', tabwriter.AlignRight)
	titles := "calls\tmost\tp50 ms\tp95 ms\t"
	fmt.Fprint(table, "request\t", titles)
	if len(r.Earlier) > 0 {
		fmt.Fprint(table, strings.ReplaceAll(titles, "calls", earlierCommit+": calls"))
	}
	fmt.Fprintln(table)
	for i, m := range r.Now {
		fmt.Fprint(table, m.Name, "\t", m.cells())
		if len(r.Earlier) > 0 {
			fmt.Fprint(table, r.Earlier[i].cells())
		}
		fmt.Fprintln(table)
	}
	for _, b := range []struct {
		name  string
		times []time.Duration
	}{{"a bare Query of 51 jobs", r.Bare.List}, {"a bare Query of a job", r.Bare.Job}, {"a bare GetItem", r.Bare.Item}} {
		fmt.Fprintln(table, b.name+"\t"+Measured{Calls: []int{1}, Times: b.times}.cells())
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	for i, m := range r.Now {
		fmt.Fprintf(w, "%s: %s", m.Name, list(m.Of))
		if len(r.Earlier) > 0 && len(r.Earlier[i].Calls) > 0 {
			fmt.Fprintf(w, "; at %s: %s", earlierCommit, list(r.Earlier[i].Of))
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintf(w, "the page's first cards: after %.0f ms, of which it waited %.0f ms for answers\n", r.Opening.Cards, r.Opening.Waited)
	_, err := fmt.Fprintf(w, "\n%s\n", r.last())
	return err
}

// list formats calls, such as "2 Query, 1 PutItem".
func list(calls map[string]int) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(calls)) {
		parts = append(parts, fmt.Sprintf("%d %s", calls[name], name))
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, ", ")
}

// last returns the last line. Figures for a job are the worse of a running and a finished one.
func (r *Report) last() string {
	calls := func(names ...string) (most int) {
		for _, name := range names {
			most = max(most, quantile(r.of(name).Calls, 0.5))
		}
		return most
	}
	ratio := func(bare []time.Duration, names ...string) (worst float64) {
		for _, name := range names {
			worst = max(worst, float64(quantile(r.of(name).Times, 0.5))/float64(quantile(bare, 0.5)))
		}
		return worst
	}
	return fmt.Sprintf("list_calls=%d get_calls=%d post_calls=%d open_page_calls=%d first_cards_ms=%.0f list_ms_ratio=%.2f get_ms_ratio=%.2f",
		calls(firstPage), calls(oneRunning, oneFinished), calls(create), calls(openPage), r.Opening.Cards-r.Opening.Waited,
		ratio(r.Bare.List, firstPage), ratio(r.Bare.Job, oneRunning, oneFinished))
}
