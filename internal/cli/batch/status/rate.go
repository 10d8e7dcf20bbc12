package status

import (
	"fmt"
	"time"
)

// rateWindow is how far back a rate looks.
const rateWindow = time.Minute

// Rate measures how many videos end in a second.
type Rate struct{ samples []sample }

type sample struct {
	at time.Time
	n  int64
}

// Add adds how many videos had ended at a time.
func (r *Rate) Add(at time.Time, n int64) {
	r.samples = append(r.samples, sample{at, n})
	for len(r.samples) > 2 && at.Sub(r.samples[1].at) >= rateWindow {
		r.samples = r.samples[1:]
	}
}

// PerSecond returns 0 until it is known.
func (r *Rate) PerSecond() float64 {
	first, last := r.samples[0], r.samples[len(r.samples)-1]
	if !last.at.After(first.at) {
		return 0
	}
	return float64(last.n-first.n) / last.at.Sub(first.at).Seconds()
}

// rateText formats how many videos end in a second, or in a minute if they are few.
func rateText(perSecond float64) string {
	if perSecond < 0.1 {
		return fmt.Sprintf("%.1f a minute", 60*perSecond)
	}
	return fmt.Sprintf("%.1f a second", perSecond)
}
