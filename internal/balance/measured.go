package balance

import (
	"context"
	"errors"

	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/metrics"
)

// Meter writes values of metrics.
type Meter interface {
	Emit(values ...metrics.Value) error
}

// Measured is a Store that writes each balance into the metrics, too.
type Measured struct {
	Store
	Meter Meter
}

// PutBalance implements Store.
func (m Measured) PutBalance(ctx context.Context, b budget.Balance, version string) error {
	err := m.Meter.Emit(metrics.Value{Name: metrics.BalanceUSD, N: float64(b.Micros) / 1e6})
	return errors.Join(err, m.Store.PutBalance(ctx, b, version))
}
