package pipeline

import (
	"context"
	"math"
	"time"

	"github.com/takeup/takeup/internal/schedule"
)

// Forecaster tells how long a model's generations of so many seconds take. It
// never fails: at worst it knows little.
type Forecaster interface {
	Forecast(ctx context.Context, model string, duration int) schedule.Forecast
}

// Learner is a Forecaster that can be told how long one took and what it cost, in
// micro-dollars; 0 where that isn't known. That never fails either: at worst it isn't kept.
type Learner interface {
	Forecaster
	Learn(ctx context.Context, model string, duration int, seen schedule.Seen, micros int64)
}

// seconds rounds a wait up to what a Wait state takes: whole seconds, at least
// one.
func seconds(d time.Duration) int { return max(1, int(math.Ceil(d.Seconds()))) }

// Sleep waits, unless the context is over first, and then gives its error.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
