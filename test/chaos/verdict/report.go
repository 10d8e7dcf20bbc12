package verdict

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/takeup/takeup/internal/table/counter"
	"github.com/takeup/takeup/test/chaos/faults"
	"github.com/takeup/takeup/test/chaos/proxy"
	"github.com/takeup/takeup/test/chaos/world"
)

// Result is the result of a run.
type Result struct {
	o        world.Options
	plan     *faults.Plan
	jobs     []*world.Job
	findings []finding
	ways     map[string][]string // histories of the jobs with a finding
	odd      []string
	Timing   []Stage
	money    counter.Sums   // over all months
	charged  int64          // from the simulator's ledger, in micro-dollars
	account  *proxy.Account // nil without caps
	limits   *proxy.Batches
}

// Stage is a stage of a run and its duration.
type Stage struct {
	Name string
	Took time.Duration
}

func (r *Result) add(kind string, j *world.Job, format string, args ...any) {
	r.findings = append(r.findings, finding{kind: kind, job: j, what: fmt.Sprintf(format, args...)})
}

// Count returns the number of findings of a kind, by its name in the last line.
func (r *Result) Count(kind string) int {
	n := 0
	for _, f := range r.findings {
		if f.kind == kind {
			n++
		}
	}
	return n
}

// Faults returns the number of injected faults.
func (r *Result) Faults() int {
	_, faults := r.plan.Counts()
	n := 0
	for name, count := range faults {
		if !harmless(name) {
			n += count
		}
	}
	return n
}

// harmless reports whether something that was done is not a fault: a repeated request, a large
// video, another key.
func harmless(name string) bool {
	kind, _, _ := strings.Cut(name, "/")
	return slices.Contains([]string{"event", "video", "key"}, kind)
}

// Kept reports whether no promise was broken.
func (r *Result) Kept() bool {
	return len(r.odd) == 0 && r.OverCap() == 0 && r.OverLimit() == 0 && !slices.ContainsFunc(append(slices.Clone(broken), unlisted), func(kind string) bool { return r.Count(kind) > 0 })
}

// OverCap returns the largest excess of a claim over a cap, in micro-dollars or slots, or 0.
func (r *Result) OverCap() int64 {
	if r.account == nil {
		return 0
	}
	return r.account.Over
}

// OverLimit returns the largest excess of a claim over the number of videos that its batch makes
// at once, or 0.
func (r *Result) OverLimit() int64 { return max(0, r.limits.Over) }

// Last returns the last line.
func (r *Result) Last() string {
	line := fmt.Sprintf("jobs=%d faults=%d", len(r.jobs), r.Faults())
	for _, kind := range append(slices.Clone(broken), Unresolved, unlisted, neverSent) {
		line += fmt.Sprintf(" %s=%d", kind, r.Count(kind))
	}
	line += fmt.Sprintf(" over_limit=%d", r.OverLimit())
	if r.account != nil {
		line += fmt.Sprintf(" over_cap=%d", r.OverCap())
	}
	return line
}

// Write prints the whole result, with the summary line at the end.
func (r *Result) Write(out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	calls, faults := r.plan.Counts()
	for _, title := range []string{"fault", "also done"} {
		fmt.Fprintf(table, "\n%s\tcount\n", title)
		for _, name := range slices.Sorted(maps.Keys(faults)) {
			if harmless(name) == (title == "also done") {
				fmt.Fprintf(table, "%s\t%d\n", strings.Replace(name, "/", ": ", 1), faults[name])
			}
		}
	}
	fmt.Fprintf(table, "\ncalls\tcount\tfailed\n")
	for _, kind := range slices.Sorted(maps.Keys(calls)) {
		failed := 0
		for name, n := range faults {
			if strings.HasPrefix(name, kind+"/") {
				failed += n
			}
		}
		fmt.Fprintf(table, "%s\t%d\t%d\n", kind, calls[kind], failed)
	}
	before, after := map[string]int{}, map[string]int{}
	for _, j := range r.jobs {
		before[j.Rounds[0].Seen.OrNone()]++
		after[j.Last().OrNone()]++
	}
	fmt.Fprintf(table, "\noutcome\tbefore the redrive\tafter it\n")
	names := maps.Clone(before)
	maps.Copy(names, after)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		fmt.Fprintf(table, "%s\t%d\t%d\n", name, before[name], after[name])
	}
	usd := func(micros int64) float64 { return float64(micros) / 1e6 }
	fmt.Fprintf(table, "\nmoney\tUSD\nspent\t%.2f\nuncertain\t%.2f\nreserved\t%.2f\ncharged by the simulator\t%.2f\n",
		usd(r.money.Spent), usd(r.money.Uncertain), usd(r.money.Reserved), usd(r.charged))
	if a := r.account; a != nil {
		fmt.Fprintf(table, "the day's cap at the end\t%.2f\n\ncaps\t\nslots\t%d\nclaims\t%d\n", usd(a.DayMicros), a.Slots, len(a.Holds))
		if a.DayMicros == 0 {
			ideal, took := a.Ideal()
			fmt.Fprintf(table, "claims a second\t%.1f\nslots were needed for, in seconds\t%.1f\nideally\t%.1f\nratio\t%.3f\nyounger jobs that passed one\t%d\n",
				a.Pace(), took.Seconds(), ideal.Seconds(), took.Seconds()/ideal.Seconds(), a.Passed())
		}
		for _, limit := range slices.Sorted(maps.Keys(a.Waited)) {
			fmt.Fprintf(table, "jobs that waited for %s\t%d\n", limit, len(a.Waited[limit]))
		}
	}
	fmt.Fprintf(table, "\ntime\tseconds\n")
	for _, s := range r.Timing {
		fmt.Fprintf(table, "%s\t%.1f\n", s.Name, s.Took.Seconds())
	}
	took := r.took()
	for _, q := range []struct {
		name string
		at   float64
	}{{"a job, the median", 0.5}, {"a job, 95 of 100", 0.95}, {"a job, the longest", 1}} {
		if len(took) > 0 {
			fmt.Fprintf(table, "%s\t%.1f\n", q.name, took[int(q.at*float64(len(took)-1))].Seconds())
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	r.writeFindings(out)
	_, err := fmt.Fprintf(out, "\n%s\n", r.Last())
	return err
}

// writeFindings writes the findings.
func (r *Result) writeFindings(out io.Writer) {
	for _, odd := range r.odd {
		fmt.Fprintf(out, "\nunexpected: %s\n", odd)
	}
	for _, f := range r.findings {
		if f.job == nil {
			fmt.Fprintf(out, "\n%s: %s\n", f.kind, f.what)
			continue
		}
		fmt.Fprintf(out, "\n%s: job %s (%s): %s\n", f.kind, f.job.ID, f.job.Name, f.what)
		for _, line := range r.ways[f.job.Name] {
			fmt.Fprintf(out, "  %s\n", line)
		}
	}
}

// took returns how long the jobs took, in ascending order.
func (r *Result) took() []time.Duration {
	var all []time.Duration
	for _, j := range r.jobs {
		if !j.Ended.IsZero() {
			all = append(all, j.Ended.Sub(j.Began))
		}
	}
	slices.Sort(all)
	return all
}
