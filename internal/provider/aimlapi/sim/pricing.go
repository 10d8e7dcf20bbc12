package sim

import (
	"encoding/json"
	"fmt"
	"math/big"

	"github.com/takeup/takeup/internal/provider/aimlapi/sim/contract"
)

// charge gives the credits that a request costs by its model's pricing, rounded up to a whole one. A dimension that the
// request leaves out has the default of the model's schema.
func charge(model contract.Model, fields map[string]any, seconds int) (int64, error) {
	pricing := model.Pricing
	if pricing.Kind != contract.Variants {
		if len(pricing.Units) != 1 {
			return 0, fmt.Errorf("simulator: %s has %d rates, want one", model.Name, len(pricing.Units))
		}
		rate := pricing.Units[0]
		return rated(rate.Price, rate.Per, rate.Measure, seconds)
	}
	var schema struct {
		Properties map[string]struct {
			Default any `json:"default"`
		} `json:"properties"`
	}
	if err := json.Unmarshal(model.Schema, &schema); err != nil {
		return 0, fmt.Errorf("simulator: schema of %s: %w", model.Name, err)
	}
	values := map[string]string{}
	for _, dimension := range pricing.Dimensions {
		switch value, given := fields[dimension]; {
		case dimension == "duration":
			values[dimension] = fmt.Sprint(seconds)
		case given:
			values[dimension] = fmt.Sprint(value)
		default:
			values[dimension] = fmt.Sprint(schema.Properties[dimension].Default)
		}
	}
	for _, variant := range pricing.Variants {
		if matches(variant, values) {
			return rated(variant.Price, variant.Per, variant.Unit, seconds)
		}
	}
	return 0, fmt.Errorf("simulator: %s has no rate for %v", model.Name, values)
}

// rated gives the credits for a video of so many seconds.
func rated(price json.Number, per int64, unit string, seconds int) (int64, error) {
	usd, ok := new(big.Rat).SetString(price.String())
	if !ok || per < 1 {
		return 0, fmt.Errorf("simulator: %s for %d is no rate", price, per)
	}
	credits := usd.Mul(usd, big.NewRat(CreditsPerUSD, per))
	switch unit {
	case "video":
	case "second":
		credits.Mul(credits, big.NewRat(int64(seconds), 1))
	default:
		return 0, fmt.Errorf("simulator: a rate by the %q", unit)
	}
	whole, rest := new(big.Int).QuoRem(credits.Num(), credits.Denom(), new(big.Int))
	if rest.Sign() > 0 {
		whole.Add(whole, big.NewInt(1))
	}
	return whole.Int64(), nil
}

func matches(variant contract.Variant, values map[string]string) bool {
	for dimension, want := range variant.When {
		if values[dimension] != fmt.Sprint(want) {
			return false
		}
	}
	return true
}
