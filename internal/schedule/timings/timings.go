// Package timings learns how long generations take and what they cost, and forecasts
// the next one from it. All of it is help and none of it is needed: what can't be read or
// written is logged, and never fails what asked.
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

// Records keeps what was seen of the generations of a model and length.
type Records interface {
	// Times gives what was seen and its version; both are empty where nothing was.
	Times(ctx context.Context, model string, duration int) (past schedule.Past, version string, err error)
	// PutTimes replaces the version that was read, or gives a *video.Conflict.
	PutTimes(ctx context.Context, model string, duration int, past schedule.Past, version string) error
}

// Metrics tells what the provider measured of a model of late; false where it
// measured nothing.
type Metrics interface {
	Percentiles(ctx context.Context, model string) (provider.Percentiles, bool, error)
}

// patience is the most that one reading, or one writing with its repetitions, may
// take: a job is waiting for it.
const patience = 3 * time.Second

// little is the share of all generations that, seen of one, tells too little of it.
const little = 0.8

// tries is how often a change is written that others' changes got in the way of.
const tries = 3

// Timings reads and writes what is known. It is safe for concurrent use, by many
// processes.
type Timings struct {
	records Records
	metrics Metrics // nil: only the built-in prior stands in
	log     *slog.Logger
}

// New makes Timings on records. While fewer than twenty generations are known,
// metrics stands in for them; it may be nil.
func New(records Records, metrics Metrics, log *slog.Logger) *Timings {
	return &Timings{records: records, metrics: metrics, log: log}
}

// Forecast is what is to be expected of a model's generations of so many seconds.
func (t *Timings) Forecast(ctx context.Context, model string, duration int) schedule.Forecast {
	ctx, cancel := context.WithTimeout(ctx, patience)
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

// latest leaves out what is too old to count.
func latest[T any](all []T) []T { return all[max(0, len(all)-schedule.Window):] }

// Learn adds what was seen of a generation, and what it cost in micro-dollars, in the
// place of the oldest. 0 is a charge that isn't known. A time that tells next to
// nothing is left out, such as that of one that a late first look found ended. Of
// what many see at once, some may be lost.
func (t *Timings) Learn(ctx context.Context, model string, duration int, seen schedule.Seen, micros int64) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for range tries {
		past, version, err := t.records.Times(ctx, model, duration)
		if err != nil {
			t.warn(ctx, "reading", model, duration, err)
			return
		}
		past.Seen, past.Charges = latest(past.Seen), latest(past.Charges)
		known := estimator.BuiltIn(duration).Learn(past.Seen)
		tells := known.Done(seen.By)-known.Done(seen.After) <= little
		if tells {
			past.Seen = latest(append(past.Seen, seen))
		}
		if micros > 0 {
			past.Charges = latest(append(past.Charges, micros))
		}
		if !tells && micros <= 0 {
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
