package cold

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// Measure is the cost of a function's start, as medians over its starts.
type Measure struct {
	Function string
	Size     int64         // of the binary, in bytes
	Start    time.Duration // from process start to the first request for work
	Memory   int64         // peak resident bytes until then
}

func measure(function string, size int64, starts []start) Measure {
	took, peak := make([]time.Duration, len(starts)), make([]int64, len(starts))
	for i, s := range starts {
		took[i], peak[i] = s.took, s.peak
	}
	return Measure{Function: function, Size: size, Start: median(took), Memory: median(peak)}
}

// median sorts the values and returns their median: for an even number, the mean of the two in
// the middle.
func median[T ~int64](values []T) T {
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}

// Write writes a table of the measures, and then a line for each function with its ratios to the
// first, which is the bare one.
func Write(w io.Writer, starts int, measures []Measure) error {
	fmt.Fprintf(w, "medians of %d starts each, in turn\n\n", starts)
	table := tabwriter.NewWriter(w, 0, 0, 3, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "function\tsize, MB\tstart, ms\tmemory, MB\t")
	for _, m := range measures {
		fmt.Fprintf(table, "%s\t%.2f\t%.2f\t%.2f\t\n", m.Function, float64(m.Size)/1e6, m.Start.Seconds()*1e3, float64(m.Memory)/1e6)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	base := measures[0]
	for _, m := range measures[1:] {
		_, err := fmt.Fprintf(w, "%s size_ratio=%.3f start_ratio=%.3f memory_ratio=%.3f\n", m.Function,
			ratio(m.Size, base.Size), ratio(m.Start, base.Start), ratio(m.Memory, base.Memory))
		if err != nil {
			return err
		}
	}
	return nil
}

func ratio[T ~int64](value, base T) float64 { return float64(value) / float64(base) }
