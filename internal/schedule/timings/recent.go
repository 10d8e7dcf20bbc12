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

// fresh is how long what is known of a model is told again, to whoever asks how
// long.
const fresh = time.Minute

// AllRecords has what was seen of every kind of generation.
type AllRecords interface {
	AllTimes(ctx context.Context) (map[schedule.Kind]schedule.Past, error)
}

// Recent tells who asks often what to expect, as everybody who looks at a page does: it
// reads all that is known at once, and once a minute. What can't be read is logged, and
// what was known before stays. It is safe for concurrent use.
type Recent struct {
	records AllRecords
	now     func() time.Time
	log     *slog.Logger

	mu   sync.Mutex
	at   time.Time // of the last reading; zero: there was none
	past map[schedule.Kind]schedule.Past
}

// NewRecent makes a Recent on records.
func NewRecent(records AllRecords, now func() time.Time, log *slog.Logger) *Recent {
	return &Recent{records: records, now: now, log: log}
}

// Left is the time until half of the generations that have run for elapsed have
// ended; false where they have run for longer than anything tells.
func (r *Recent) Left(ctx context.Context, model string, duration int, elapsed time.Duration) (time.Duration, bool) {
	return r.forecast(ctx, model, duration).Left(elapsed)
}

// Usual is the time by which half of the generations end.
func (r *Recent) Usual(ctx context.Context, model string, duration int) (time.Duration, bool) {
	return r.forecast(ctx, model, duration).Usual(), true
}

// Charged is the dearest of what the last generations cost, in micro-dollars;
// false where none is known.
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

// known gives what was seen, and reads it where the last reading is too old. Whoever
// asks meanwhile waits for the one reading. A reading that failed is repeated after a
// minute too.
func (r *Recent) known(ctx context.Context) map[schedule.Kind]schedule.Past {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	if !r.at.IsZero() && now.Sub(r.at) < fresh {
		return r.past
	}
	r.at = now
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	past, err := r.records.AllTimes(ctx)
	if err != nil {
		r.log.WarnContext(ctx, "reading the timings failed", "error", err.Error())
		return r.past
	}
	r.past = past
	return r.past
}
