package timings

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/takeup/takeup/internal/schedule"
	"github.com/takeup/takeup/internal/schedule/estimator"
)

// maxAge is how long a reading is used.
const maxAge = time.Minute

// AllRecords reads the records of every kind of generation.
type AllRecords interface {
	AllTimes(ctx context.Context) (map[schedule.Kind]schedule.Past, error)
}

// Recent gives forecasts to frequent callers, such as open pages. It reads all records together,
// once a minute. It logs an error, and keeps using the last reading. It is safe for concurrent
// use.
type Recent struct {
	records AllRecords
	now     func() time.Time
	log     *slog.Logger

	mu   sync.Mutex
	at   time.Time // of the last reading, or zero
	past map[schedule.Kind]schedule.Past
}

// NewRecent returns a Recent of records.
func NewRecent(records AllRecords, now func() time.Time, log *slog.Logger) *Recent {
	return &Recent{records: records, now: now, log: log}
}

// Left returns the time until half of the generations that have run for elapsed have ended. It
// returns false if hardly any generation runs that long.
func (r *Recent) Left(ctx context.Context, model string, duration int, elapsed time.Duration) (time.Duration, bool) {
	return r.forecast(ctx, model, duration).Left(elapsed)
}

// Usual returns the median time of a generation.
func (r *Recent) Usual(ctx context.Context, model string, duration int) (time.Duration, bool) {
	return r.forecast(ctx, model, duration).Usual(), true
}

// Charged returns the highest charge of the last generations, in micro-dollars. It returns false
// if none is known.
func (r *Recent) Charged(ctx context.Context, model string, duration int) (int64, bool) {
	charges := latest(r.known(ctx)[schedule.Kind{Model: model, Duration: duration}].Charges)
	if len(charges) == 0 {
		return 0, false
	}
	return slices.Max(charges), true
}

func (r *Recent) forecast(ctx context.Context, model string, duration int) schedule.Forecast {
	past := r.known(ctx)[schedule.Kind{Model: model, Duration: duration}]
	return estimator.BuiltIn(duration).Learn(latest(past.Seen))
}

// known returns the records, after reading them if the last reading is too old. Concurrent
// callers wait for one reading. A failed reading, too, is repeated only after a minute.
func (r *Recent) known(ctx context.Context) map[schedule.Kind]schedule.Past {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	if !r.at.IsZero() && now.Sub(r.at) < maxAge {
		return r.past
	}
	r.at = now
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	past, err := r.records.AllTimes(ctx)
	if err != nil {
		r.log.WarnContext(ctx, "reading the timings failed", "error", err.Error())
		return r.past
	}
	r.past = past
	return r.past
}
