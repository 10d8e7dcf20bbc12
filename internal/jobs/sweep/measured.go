package sweep

import (
	"context"
	"errors"

	"github.com/takeup/takeup/internal/caps"
	"github.com/takeup/takeup/internal/metrics"
	"github.com/takeup/takeup/internal/video/report"
)

// Meter writes values of metrics.
type Meter interface {
	Emit(values ...metrics.Value) error
}

// Standing has what is held below the caps.
type Standing interface {
	Standing(ctx context.Context) (caps.Standing, error)
}

// Measure returns a function that writes the metrics of a sweep: what it found, what the jobs wait
// for, and the money and the caps as they are then.
func Measure(meter Meter, standing Standing) func(context.Context, Swept) error {
	return func(ctx context.Context, swept Swept) error {
		values := []metrics.Value{
			{Name: metrics.SweepDifferences, N: float64(swept.Settled + swept.Started)},
			{Name: metrics.Unfinished, N: float64(swept.Unfinished)},
			{Name: metrics.Waits, Of: string(report.WaitCap), N: float64(swept.Held.Cap)},
			{Name: metrics.Waits, Of: string(report.WaitResume), N: float64(swept.Held.Resume)},
			{Name: metrics.Waits, Of: string(report.WaitRoom), N: float64(swept.Held.Room)},
			{Name: metrics.Waits, Of: string(report.WaitAnswer), N: float64(swept.Held.Answer)},
		}
		s, err := standing.Standing(ctx)
		if err == nil {
			values = append(values,
				metrics.Value{Name: metrics.SpentUSD, N: usd(s.Month.Spent)},
				metrics.Value{Name: metrics.ReservedUSD, N: usd(s.Month.Reserved)},
				metrics.Value{Name: metrics.UncertainUSD, N: usd(s.Month.Uncertain)},
				metrics.Value{Name: metrics.CapUsed, Of: metrics.CapDay, N: percent(s.Day.Held(), s.Day.Limit)},
				metrics.Value{Name: metrics.CapUsed, Of: metrics.CapMonth, N: percent(s.Month.Held(), s.Month.Limit)},
			)
		}
		return errors.Join(err, meter.Emit(values...))
	}
}

func usd(micros int64) float64 { return float64(micros) / 1e6 }

// percent returns how much of a limit is used; 0 without a limit.
func percent(held, limit int64) float64 {
	if limit == 0 {
		return 0
	}
	return 100 * float64(held) / float64(limit)
}
