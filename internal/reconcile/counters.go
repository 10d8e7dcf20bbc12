package reconcile

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/takeup/takeup/internal/table/counter"
)

// Drift is one counter item whose values differ from the sum of the jobs' money.
type Drift struct {
	Counter string           `json:"counter"`
	Counted map[string]int64 `json:"counted"` // as counted: micro-dollars, or attempts
	Jobs    map[string]int64 `json:"jobs"`    // as summed over the jobs
	Mended  bool             `json:"mended"`  // the counter was set to the jobs' sums
	read    counter.Tally
}

// Read returns the counter item as it was read, limited to the values that differ.
func (d Drift) Read() counter.Tally { return d.read }

// counters reports those that did not change while the jobs were read, and differ from
// them. Each is written in one transaction with its job, so drift is possible only in a
// restored table, or one that something other than Takeup wrote to.
func (c *comparison) counters() {
	want := map[string]counter.Tally{}
	for _, t := range append(counter.Recount(c.Entries, c.Months), counter.RecountBatches(c.Entries)...) {
		want[t.Name()] = t
	}
	names := maps.Clone(want)
	maps.Copy(names, c.Counters)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		counted, jobs := c.Counters[name], want[name]
		if c.Changing[name] || maps.Equal(counted.Sums, jobs.Sums) {
			continue
		}
		drift := Drift{Counter: name, Counted: map[string]int64{}, Jobs: map[string]int64{}, read: names[name]}
		drift.read.Sums, drift.read.Writes = drift.Counted, counted.Writes
		for _, sums := range []map[string]int64{counted.Sums, jobs.Sums} {
			for attribute := range sums {
				if counted.Sums[attribute] != jobs.Sums[attribute] {
					drift.Counted[attribute], drift.Jobs[attribute] = counted.Sums[attribute], jobs.Sums[attribute]
				}
			}
		}
		var differ []string
		for _, attribute := range slices.Sorted(maps.Keys(drift.Jobs)) {
			differ = append(differ, fmt.Sprintf("%s is %d, but the jobs add up to %d", attribute, drift.Counted[attribute], drift.Jobs[attribute]))
		}
		c.report.Drifts = append(c.report.Drifts, drift)
		c.find(Finding{Kind: Counter, What: name, Detail: strings.Join(differ, "; "), ToDo: "takeup reconcile --money recounts it"})
	}
}

// Mended returns the report with the given drifts, and without the findings they resolve.
func (r Report) Mended(drifts []Drift) Report {
	r.Drifts = drifts
	r.Findings = slices.DeleteFunc(slices.Clone(r.Findings), func(f Finding) bool {
		return f.Kind == Counter && slices.ContainsFunc(drifts, func(d Drift) bool { return d.Mended && d.Counter == f.What })
	})
	return r
}
