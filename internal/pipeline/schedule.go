package pipeline

import (
	"context"
	"math"
	"time"

	"github.com/takeup/takeup/internal/schedule"
)

// Forecaster forecasts how long a model's generations take, for a duration in seconds. It never
// fails: at worst the forecast is based on little.
type Forecaster interface {
	Forecast(ctx context.Context, model string, duration int) schedule.Forecast
}

// Learner is a Forecaster that learns how long a generation took and what it cost, in
// micro-dollars; 0 is unknown. Learn never fails either: at worst the value is not kept.
type Learner interface {
	Forecaster
	Learn(ctx context.Context, model string, duration int, seen schedule.Seen, micros int64)
}

// seconds rounds a wait up to what a Wait state accepts: whole seconds, at least one.
func seconds(d time.Duration) int { return max(1, int(math.Ceil(d.Seconds()))) }
