package pipeline

import (
	"context"
	"math"
	"time"

	"github.com/takeup/takeup/internal/schedule"
)

// Forecaster forecasts how long a model's generations of a duration in seconds take. It never
// fails: at worst it knows little.
type Forecaster interface {
	Forecast(ctx context.Context, model string, duration int) schedule.Forecast
}

// Learner is a Forecaster that learns how long a generation took and what it cost, in
// micro-dollars; 0 is unknown. That never fails either: at worst it isn't kept.
type Learner interface {
	Forecaster
	Learn(ctx context.Context, model string, duration int, seen schedule.Seen, micros int64)
}

// seconds rounds a wait up to what a Wait state takes: whole seconds, at least one.
func seconds(d time.Duration) int { return max(1, int(math.Ceil(d.Seconds()))) }
