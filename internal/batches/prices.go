package batches

import (
	"context"

	"github.com/takeup/takeup/internal/price"
	"github.com/takeup/takeup/internal/video"
)

// Prices estimates what requests cost by the provider's price list, and by what the last videos
// of their models cost. It implements batch.Prices.
type Prices struct {
	// List returns the provider's price list.
	List func(context.Context) price.List
	// Charged returns the highest of the last charges, in micro-dollars, or false.
	Charged func(ctx context.Context, model string, duration int) (int64, bool)
}

// Price implements batch.Prices. It returns no error.
func (p Prices) Price(ctx context.Context, request video.Request) (price.Estimate, error) {
	charged, _ := p.Charged(ctx, request.Model(), request.Duration())
	return p.List(ctx).Estimate(request, price.Micros(charged)), nil
}
