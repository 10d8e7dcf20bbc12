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

// Seconds rounds a wait up to what a Wait state accepts: whole seconds, at least one.
func Seconds(d time.Duration) int { return max(1, int(math.Ceil(d.Seconds()))) }
