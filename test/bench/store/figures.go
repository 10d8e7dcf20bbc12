package store

import (
	"slices"

	"github.com/takeup/takeup/test/bench/store/gauge"
)

// metric is something that is measured of a run; less of it is better.
type metric int

// What is measured: seconds, seconds, MiB, and a number.
const (
	wall metric = iota
	cpu
	peak
	requests
	metrics
)

// figures are what was measured of a run, or medians of such.
type figures [metrics]float64

func measured(u gauge.Usage, requested int) figures {
	return figures{wall: u.Wall.Seconds(), cpu: u.CPU.Seconds(), peak: float64(u.PeakKiB) / 1024, requests: float64(requested)}
}

// row is one video from one kind of source, and what each tool's runs took.
type row struct {
	mib    int
	capped bool
	runs   map[string][]figures // by the tool's name
}

// median returns the medians of a tool's runs, each figure's by itself.
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

// median returns the middle of some numbers, of which there is at least one; of two in the
// middle, their mean.
func median(numbers []float64) float64 {
	sorted := slices.Sorted(slices.Values(numbers))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// ahead returns our median to the least of the peers': below 1, ours is the best.
func (r row) ahead(m metric) float64 {
	var peers []float64
	for tool := range r.runs {
		if tool != ours {
			peers = append(peers, r.median(tool)[m])
		}
	}
	return r.median(ours)[m] / slices.Min(peers)
}
