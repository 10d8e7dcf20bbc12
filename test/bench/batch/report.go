package batch

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/takeup/takeup/internal/schedule/cost"
	"github.com/takeup/takeup/test/harness/charges"
)

// indexUnits are the write units that a line takes in the table's indexes, by docs/cost.md and
// docs/scale.md. The requests don't show them.
const indexUnits = 8 + 4

// leastCalls is how many calls a line there must be of those that the report shows.
const leastCalls = 0.05

// Report is what was measured.
type Report struct {
	Options
	Bare  time.Duration // of the Distributed Map alone
	Plan  time.Duration // from the upload until the batch is planned
	Took  time.Duration // from the first start until the last run has ended
	Runs  int
	Kills int
	// Peaks are the highest peak resident memory of each function, in bytes, by the template's
	// names.
	Peaks map[string]int64
	// Calls are those of each function to AWS by operation, by the template's names.
	Calls map[string]map[string]int
	Usage
	// The work of the batch's own executions, of all lines and of all jobs.
	Own, OfLines, OfJobs Work
	Histories            int // how many executions of jobs, and of lines, were read for that
	// Reasons are why lines have no video.
	Reasons []string
	charges.Verdict
}

// Kept reports whether every line has ended, each with a video that was charged once. If functions
// were killed, a line may have neither: what a process had claimed and not sent when it was killed
// is looked for, and is not sent again unless its owner decides so.
func (r *Report) Kept() bool {
	want := charges.Verdict{Lines: r.Options.Lines, Done: r.Options.Lines}
	if r.Kill {
		want.Done, want.Failed = r.Options.Lines-r.Failed, r.Failed
	}
	return r.Verdict == want
}

// Work returns the work of all executions.
func (r *Report) Work() Work {
	all := r.Own
	all.add(r.OfLines, 1)
	all.add(r.OfJobs, 1)
	return all
}

// USD returns what AWS would charge for the machinery of all lines.
func (r *Report) USD() float64 {
	work := r.Work()
	return cost.Video{
		Transitions: work.Transitions, Invocations: work.Invocations, GBSeconds: work.GBSeconds,
		Writes: r.Puts, Reads: r.Gets, TableWrites: r.TableUnits + indexUnits*r.Options.Lines, TableReads: r.TableReads,
	}.USD()
}

// Write writes the report. Its last line is for programs.
func (r *Report) Write(w io.Writer) error {
	lines, work := float64(r.Options.Lines), r.Work()
	each := func(n int) float64 { return float64(n) / lines }
	fmt.Fprintf(w, "\n%d lines, %d at once, jobs of %s", r.Options.Lines, r.AtOnce, r.Job)
	if r.Kill {
		fmt.Fprintf(w, ", %d processes of functions killed, %d runs", r.Kills, r.Runs)
	}
	fmt.Fprintf(w, "\n\n")
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, row := range []struct {
		name   string
		values string
	}{
		{"the Distributed Map alone", seconds(r.Bare)},
		{"the file is planned", seconds(r.Plan)},
		{"the batch", seconds(r.Took)},
		{"lines a second", fmt.Sprintf("%.2f", lines/r.Took.Seconds())},
		{"state transitions a line", fmt.Sprintf("%.2f", each(work.Transitions))},
		{"of the job", fmt.Sprintf("%.2f", each(r.OfJobs.Transitions))},
		{"of the line", fmt.Sprintf("%.2f", each(r.OfLines.Transitions))},
		{"invocations a line", fmt.Sprintf("%.2f", each(work.Invocations))},
		{"GB-seconds a line", fmt.Sprintf("%.3f", work.GBSeconds/lines)},
		{"table writes a line", fmt.Sprintf("%.2f", each(r.TableWrites))},
		{"units of them", fmt.Sprintf("%.2f", each(r.TableUnits)+indexUnits)},
		{"table reads a line", fmt.Sprintf("%.2f", each(r.TableReads))},
		{"S3 writes a line", fmt.Sprintf("%.2f", each(r.Puts))},
		{"S3 reads a line", fmt.Sprintf("%.2f", each(r.Gets))},
		{"USD per 1000 lines", r.perThousand()},
	} {
		fmt.Fprintf(table, "%s\t%s\t\n", row.name, row.values)
	}
	fmt.Fprintf(table, "\t\t\npeak memory\tMiB\t\n")
	for _, name := range slices.Sorted(maps.Keys(r.Peaks)) {
		fmt.Fprintf(table, "%s\t%.1f\t\n", name, float64(r.Peaks[name])/(1<<20))
	}
	fmt.Fprintf(table, "\t\t\ncalls to AWS\ta line\t\n")
	for _, name := range slices.Sorted(maps.Keys(r.Calls)) {
		for _, operation := range slices.Sorted(maps.Keys(r.Calls[name])) {
			if n := each(r.Calls[name][operation]); n >= leastCalls {
				fmt.Fprintf(table, "%s, %s\t%.2f\t\n", name, operation, n)
			}
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w, "\ntransitions, invocations and GB-seconds by the histories of %d jobs and as many lines\n\n", r.Histories)
	for _, reason := range r.Reasons {
		fmt.Fprintf(w, "a line has no video: %s\n", reason)
	}
	_, err := fmt.Fprintf(w, "lines=%d done=%d failed=%d twice=%d missing=%d peak_mib=%.0f usd_per_1000=%s\n",
		r.Verdict.Lines, r.Done, r.Failed, r.Twice, r.Missing, r.peak(), r.perThousand())
	return err
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

func (r *Report) perThousand() string {
	return fmt.Sprintf("%.3f", 1000*r.USD()/float64(r.Options.Lines))
}

// peak returns the highest peak of all functions, in MiB.
func (r *Report) peak() float64 {
	peak := int64(0)
	for _, p := range r.Peaks {
		peak = max(peak, p)
	}
	return float64(peak) / (1 << 20)
}
