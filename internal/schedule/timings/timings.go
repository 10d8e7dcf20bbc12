// Package timings records how long generations take and what they cost, and forecasts the next
// ones from that. Nothing depends on it: it logs an error, and returns what it knows otherwise.
package timings

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/schedule"
	"github.com/takeup/takeup/internal/schedule/estimator"
	"github.com/takeup/takeup/internal/video"
)

// Records stores what was seen of generations, by model and duration.
type Records interface {
	// Times returns the record and its version. Both are empty if there is none.
	Times(ctx context.Context, model string, duration int) (past schedule.Past, version string, err error)
	// PutTimes replaces the version that was read. It returns a *video.Conflict if that has
	// changed.
	PutTimes(ctx context.Context, model string, duration int, past schedule.Past, version string) error
}

// Metrics returns the provider's recent measurements of a model, or false if there are none.
type Metrics interface {
	Percentiles(ctx context.Context, model string) (provider.Percentiles, bool, error)
}

// timeout bounds a reading, or a write with its retries, since a job waits for it.
const timeout = 3 * time.Second

// maxInterval bounds the interval in which a generation was seen to end, as the share of all
// generations that end in it. A wider interval says too little.
const maxInterval = 0.8

// tries is how often a conflicting write is tried.
const tries = 3

// Timings reads and writes records. It is safe for concurrent use, also by several processes.
type Timings struct {
	records Records
	metrics Metrics // nil means the built-in prior
	log     *slog.Logger
}

// New returns Timings of records. While fewer than schedule.Window generations are known, the
// prior is from metrics, which may be nil.
func New(records Records, metrics Metrics, log *slog.Logger) *Timings {
	return &Timings{records: records, metrics: metrics, log: log}
}

// Forecast returns the forecast for a model's generations of a duration in seconds.
func (t *Timings) Forecast(ctx context.Context, model string, duration int) schedule.Forecast {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	past, _, err := t.records.Times(ctx, model, duration)
	if err != nil {
		t.warn(ctx, "reading", model, duration, err)
	}
	seen := latest(past.Seen)
	prior := estimator.BuiltIn(duration)
	if len(seen) < schedule.Window && t.metrics != nil {
		measured, ok, err := t.metrics.Percentiles(ctx, model)
		if err != nil {
			t.warn(ctx, "asking the provider for", model, duration, err)
		} else if p, usable := estimator.Measured(measured.P50, measured.P90); ok && usable {
			prior = p
		}
	}
	return prior.Learn(seen)
}

// latest returns the records that still count.
func latest[T any](all []T) []T { return all[max(0, len(all)-schedule.Window):] }

// Learn records what was seen of a generation and its charge in micro-dollars, in place of the
// oldest record. A charge of 0 is unknown. Learn omits a time that says next to nothing, such as
// one that ended before a late first poll. If several callers record at the same time, some
// records may be lost.
func (t *Timings) Learn(ctx context.Context, model string, duration int, seen schedule.Seen, micros int64) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	for range tries {
		past, version, err := t.records.Times(ctx, model, duration)
		if err != nil {
			t.warn(ctx, "reading", model, duration, err)
			return
		}
		past.Seen, past.Charges = latest(past.Seen), latest(past.Charges)
		known := estimator.BuiltIn(duration).Learn(past.Seen)
		precise := known.Done(seen.By)-known.Done(seen.After) <= maxInterval
		if precise {
			past.Seen = latest(append(past.Seen, seen))
		}
		if micros > 0 {
			past.Charges = latest(append(past.Charges, micros))
		}
		if !precise && micros <= 0 {
			return
		}
		err = t.records.PutTimes(ctx, model, duration, past, version)
		if err == nil {
			return
		}
		var conflict *video.Conflict
		if !errors.As(err, &conflict) {
			t.warn(ctx, "writing", model, duration, err)
			return
		}
	}
	t.log.InfoContext(ctx, "timing not kept: others wrote at the same time", "model", model, "duration", duration)
}

func (t *Timings) warn(ctx context.Context, doing, model string, duration int, err error) {
	t.log.WarnContext(ctx, doing+" the timings failed", "model", model, "duration", duration, "error", err.Error())
}
