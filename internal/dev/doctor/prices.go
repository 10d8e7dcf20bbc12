package doctor

import (
	"context"

	"github.com/takeup/takeup/internal/api"
)

// Models reads the models and their prices.
type Models interface {
	Models(ctx context.Context) (api.ModelList, error)
}

// Prices checks that the stack has the provider's price list.
func Prices(ctx context.Context, api Models) Line {
	const prices, again = "price list", "run takeup models --refresh, which shows why it can't be fetched, as does the log of PricesFunction"
	models, err := api.Models(ctx)
	if err != nil {
		return fix(prices, "the API doesn't list the models", "fix the API first").because(err)
	}
	known, date := 0, ""
	for _, m := range models.Models {
		if m.Price != nil {
			known, date = known+1, m.Price.Date
		}
	}
	if known == 0 {
		return fix(prices, "it is not known", again)
	}
	return ok(prices, "of %s, with %d of %d models", date, known, len(models.Models))
}
