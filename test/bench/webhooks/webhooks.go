// Package webhooks measures whether a receiver of webhooks that answers slowly holds up one that
// answers at once. It runs the code of the functions outbox and deliver as Lambda does, with as many
// at once as the template allows, on queues and a table in memory that take as long as AWS's.
package webhooks

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/takeup/takeup/internal/dev/template"
)

// Options are what is measured.
type Options struct {
	Template string        // the path of template.yaml
	Webhooks int           // to each receiver
	Slow     time.Duration // how long the slow receiver takes
	Runs     int
}

// Pace is how the webhooks come into the queues.
type Pace string

// The paces.
const (
	Told    Pace = "as the outbox tells them"
	Backlog Pace = "all at once"
)

// most is the largest ratio that is accepted.
const most = 3

// Result is how long after its event a webhook came to the quick receiver.
type Result struct {
	Median, P95 time.Duration
}

// Run measures, writes a report, and returns the ratio of the 95th percentiles: with the slow
// receiver to without. Of several runs it is the median, and of the two paces the larger one.
func Run(ctx context.Context, out io.Writer, o Options) (float64, error) {
	limits, err := concurrency(o.Template)
	if err != nil {
		return 0, err
	}
	fmt.Fprintf(out, "%d webhooks to a receiver that answers at once, alone and one by one with %d to one that answers after %s;\n", o.Webhooks, o.Webhooks, o.Slow)
	fmt.Fprintf(out, "%d functions at once for first attempts, %d for the others\n\n", limits.first, limits.aside)
	fmt.Fprintf(out, "%-26s %14s %10s %14s %10s %8s\n", "they come", "alone: median", "p95", "both: median", "p95", "ratio")
	ratio := 0.0
	for _, pace := range []Pace{Told, Backlog} {
		var ratios []float64
		for range o.Runs {
			alone, err := measure(ctx, o, limits, pace, false)
			if err != nil {
				return 0, err
			}
			both, err := measure(ctx, o, limits, pace, true)
			if err != nil {
				return 0, err
			}
			one := float64(both.P95) / float64(alone.P95)
			ratios = append(ratios, one)
			ms := func(d time.Duration) string { return fmt.Sprintf("%d ms", d.Milliseconds()) }
			fmt.Fprintf(out, "%-26s %14s %10s %14s %10s %8.2f\n", pace, ms(alone.Median), ms(alone.P95), ms(both.Median), ms(both.P95), one)
		}
		slices.Sort(ratios)
		ratio = max(ratio, ratios[len(ratios)/2])
	}
	fmt.Fprintf(out, "\np95_ratio=%.2f most=%d\n", ratio, most)
	if ratio > most {
		return ratio, &TooSlow{ratio}
	}
	return ratio, nil
}

// TooSlow is the error for a ratio that isn't accepted.
type TooSlow struct{ Ratio float64 }

func (e *TooSlow) Error() string {
	return fmt.Sprintf("the slow receiver makes webhooks to the other one %.2f times as late; at most %d is accepted", e.Ratio, most)
}

// limits are how many functions deliver at once from each queue.
type limits struct{ first, aside int }

// concurrency reads the limits from the template.
func concurrency(path string) (limits, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return limits{}, err
	}
	parsed, err := template.Parse(text)
	if err != nil {
		return limits{}, err
	}
	of := func(mapping string) int {
		n, _ := parsed.Property(mapping, "ScalingConfig", "MaximumConcurrency").(int)
		return n
	}
	l := limits{of("WebhooksMapping"), of("SlowWebhooksMapping")}
	if l.first < 1 || l.aside < 1 {
		return l, fmt.Errorf("%s limits neither queue of webhooks", path)
	}
	return l, nil
}

// resultOf returns the result of delays.
func resultOf(delays []time.Duration) Result {
	slices.Sort(delays)
	at := func(share float64) time.Duration { return delays[int(share*float64(len(delays)-1))] }
	return Result{Median: at(0.5), P95: at(0.95)}
}
