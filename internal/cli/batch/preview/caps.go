package preview

import (
	"encoding/json"
	"fmt"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/cli/money"
	"github.com/takeup/takeup/internal/cli/term"
	"github.com/takeup/takeup/internal/price"
)

// moneyCap is a cap on money, and how long a batch takes under it.
type moneyCap struct {
	Limit json.Number `json:"limit_usd"`
	// Left is what remains of the cap until it resets.
	Left json.Number `json:"left_usd"`
	// Periods is how many days or months the batch takes, as far as its prices are known. It is
	// 0 if the batch costs nothing.
	Periods int `json:"periods"`
}

// below computes how long the batch takes under the caps.
func (r *Plan) below(caps api.Caps) error {
	var err error
	if r.Day, err = r.capped(caps.Day); err != nil {
		return err
	}
	if r.Month, err = r.capped(caps.Month); err != nil {
		return err
	}
	if places := caps.InFlight.Limit; places != nil && *places > 0 && *places < int64(r.AtOnce) {
		r.AtOnce = int(*places)
	}
	return nil
}

// capped returns nil if there is no cap.
func (r *Plan) capped(c api.Cap) (*moneyCap, error) {
	if c.Limit == nil {
		return nil, nil
	}
	var amounts []price.Micros
	for _, usd := range []json.Number{*c.Limit, c.Spent, c.Reserved, c.Uncertain} {
		amount, err := money.Parse(usd)
		if err != nil {
			return nil, err
		}
		amounts = append(amounts, amount)
	}
	limit := amounts[0]
	left := max(0, limit-amounts[1]-amounts[2]-amounts[3])
	return &moneyCap{Limit: limit.USD(), Left: left.USD(), Periods: r.plan.Periods(limit, left)}, nil
}

// text says how long a batch takes under a cap.
func (c *moneyCap) text(period, periods string) string {
	return fmt.Sprintf("cap: %s USD a %s, %s USD left; it takes %s", money.WithCents(c.Limit), period, money.WithCents(c.Left), term.Count(c.Periods, period, periods))
}
