package store

import (
	"slices"

	"github.com/takeup/takeup/test/bench/store/gauge"
)

// metric is a measured quantity. Less is better.
type metric int

// The metrics, in seconds, seconds, MiB and a count.
const (
	wall metric = iota
	cpu
	peak
	requests
	metrics
)

// figures are the metrics of a run, or their medians.
type figures [metrics]float64

func measured(u gauge.Usage, requested int) figures {
	return figures{wall: u.Wall.Seconds(), cpu: u.CPU.Seconds(), peak: float64(u.PeakKiB) / 1024, requests: float64(requested)}
}

// row is one video from one kind of source, with the figures of each tool's runs.
type row struct {
	mib    int
	capped bool
	runs   map[string][]figures // by the tool's name
}

// median returns the medians of a tool's runs, each figure by itself.
func (r row) median(tool string) figures {
	var out figures
	for m := range out {
		var all []float64
		for _, run := range r.runs[tool] {
			all = append(all, run[m])
		}
		out[m] = median(all)
	}
	return out
}

// median returns the median of at least one number: for an even count, the mean of the two in
// the middle.
func median(numbers []float64) float64 {
	sorted := slices.Sorted(slices.Values(numbers))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// ahead returns the ratio of our median to the smallest of the peers'. Below 1, ours is the
// best.
func (r row) ahead(m metric) float64 {
	var peers []float64
	for tool := range r.runs {
		if tool != ours {
			peers = append(peers, r.median(tool)[m])
		}
	}
	return r.median(ours)[m] / slices.Min(peers)
}
