package doctor

import (
	"context"

	"github.com/takeup/takeup/internal/api"
)

// Models tells the models and what they cost.
type Models interface {
	Models(ctx context.Context) (api.ModelList, error)
}

// Prices looks whether the stack knows the provider's price list.
func Prices(ctx context.Context, api Models) Line {
	const prices, again = "price list", "run takeup models --refresh, which says why the provider's list can't be had; the log of PricesFunction does too"
	models, err := api.Models(ctx)
	if err != nil {
		return fix(prices, "the API doesn't tell the models", "mend the API first").because(err)
	}
	known, date := 0, ""
	for _, m := range models.Models {
		if m.Price != nil {
			known, date = known+1, m.Price.Date
		}
	}
	if known == 0 {
		return fix(prices, "none is known", again)
	}
	return ok(prices, "of %s, with %d of %d models", date, known, len(models.Models))
}
