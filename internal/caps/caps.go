// Package caps says what is reserved for a request before it is submitted.
package caps

import (
	"context"

	"github.com/takeup/takeup/internal/price"
	"github.com/takeup/takeup/internal/schedule"
	"github.com/takeup/takeup/internal/video"
)

// Records keeps the price list, and what generations cost.
type Records interface {
	PriceList(context.Context) (list price.List, version string, err error)
	Times(ctx context.Context, model string, duration int) (past schedule.Past, version string, err error)
}

// Prices says what to reserve. It is safe for concurrent use.
type Prices struct {
	records  Records
	unpriced int64
}

// NewPrices makes Prices by records. A model without any price is reserved at so many
// micro-dollars.
func NewPrices(records Records, unpriced int64) *Prices { return &Prices{records, unpriced} }

// Price gives the micro-dollars to reserve for a request: the most that it costs by
// the list, or the dearest of the model's last videos of that length where that is
// more. Where the list sets no bound and nothing was charged yet, it is at least what
// is reserved for a model without a price. The error is a *video.ServiceUnavailable:
// without what is known, nothing is submitted.
func (p *Prices) Price(ctx context.Context, request video.Request) (int64, error) {
	list, _, err := p.records.PriceList(ctx)
	if err != nil {
		return 0, err
	}
	past, _, err := p.records.Times(ctx, request.Model(), request.Duration())
	if err != nil {
		return 0, err
	}
	dearest := int64(0)
	for _, micros := range past.Charges {
		dearest = max(dearest, micros)
	}
	e := list.Estimate(request, price.Micros(dearest))
	switch {
	case e.Most > 0 || e.Exact():
		return max(int64(e.Most), dearest), nil
	case dearest > 0:
		return max(int64(e.Least), dearest), nil
	}
	return max(int64(e.Least), p.unpriced), nil
}
