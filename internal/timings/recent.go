package timings

import (
	"context"
	"sync"
	"time"

	"github.com/takeup/takeup/internal/schedule"
)

// fresh is how long a forecast is good for who shows it: generations take about as
// long.
const fresh = time.Minute

// Recent forecasts for who asks often, as everybody who looks at a page does: it
// reads what is known of a model and length once a minute. It is safe for
// concurrent use.
type Recent struct {
	timings *Timings
	now     func() time.Time

	mu    sync.Mutex
	known map[kind]*recent
}

// kind is what generations are told apart by.
type kind struct {
	model    string
	duration int
}

type recent struct {
	mu       sync.Mutex
	at       time.Time // zero: not read yet
	forecast schedule.Forecast
}

// NewRecent makes a Recent of Timings.
func NewRecent(timings *Timings, now func() time.Time) *Recent {
	return &Recent{timings: timings, now: now, known: map[kind]*recent{}}
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

func (r *Recent) forecast(ctx context.Context, model string, duration int) schedule.Forecast {
	r.mu.Lock()
	of := r.known[kind{model, duration}]
	if of == nil {
		of = &recent{}
		r.known[kind{model, duration}] = of
	}
	r.mu.Unlock()
	// Whoever asks for the same meanwhile waits for the one reading.
	of.mu.Lock()
	defer of.mu.Unlock()
	if now := r.now(); of.at.IsZero() || now.Sub(of.at) >= fresh {
		of.at, of.forecast = now, r.timings.Forecast(ctx, model, duration)
	}
	return of.forecast
}
