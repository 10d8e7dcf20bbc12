// Package caps checks requests against the caps, and computes the amount to reserve for a
// request before it is submitted.
package caps

import (
	"context"

	"github.com/takeup/takeup/internal/price"
	"github.com/takeup/takeup/internal/schedule"
	"github.com/takeup/takeup/internal/video"
)

// Records stores the price list and the past charges of generations.
type Records interface {
	PriceList(context.Context) (list price.List, version string, err error)
	Times(ctx context.Context, model string, duration int) (past schedule.Past, version string, err error)
}

// Prices computes the amount to reserve for a request. It is safe for concurrent use.
type Prices struct {
	records  Records
	unpriced int64
}

// NewPrices returns Prices that reads records. unpriced is the amount, in micro-dollars,
// reserved for a model without a known price.
func NewPrices(records Records, unpriced int64) *Prices { return &Prices{records, unpriced} }

// Price returns the amount to reserve for a request, in micro-dollars: its maximum price by
// the list, or the highest recent charge for the model and length if that is higher. If the
// list sets no bound and nothing was charged yet, it is at least the amount for a model
// without a price. The error is a *video.ServiceUnavailable: nothing is submitted without
// the records.
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
