package order

import (
	"encoding/json"
	"fmt"
	"math/big"

	"github.com/takeup/takeup/internal/provider/aimlapi/models"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/contract"
)

// charge returns the credits that a request costs by its model's price, rounded up.
func charge(m models.Model, fields map[string]any, seconds int) (int64, error) {
	value := ""
	if m.Price.By != "" {
		value = fmt.Sprint(fieldOf(m, fields, m.Price.By))
	}
	for _, each := range m.Price.USD {
		if each.Value == value {
			return rated(each.USD, m.Price.Per, m.Price.Unit, seconds)
		}
	}
	return 0, fmt.Errorf("simulator: %s has no rate for %s %q", m.Name, m.Price.By, value)
}

// fieldOf returns a request's value of a parameter or, if it has none, the value that the provider assumes.
func fieldOf(m models.Model, fields map[string]any, name string) any {
	if value := fields[name]; value != nil {
		return value
	}
	p, _ := m.Takes(name)
	if p.Default != nil {
		return p.Default
	}
	return p.LeftOut
}

// rated returns the credits for a video of this length.
func rated(price json.Number, per int64, unit string, seconds int) (int64, error) {
	usd, ok := new(big.Rat).SetString(price.String())
	if !ok || per < 1 {
		return 0, fmt.Errorf("simulator: %s for %d is no rate", price, per)
	}
	credits := usd.Mul(usd, big.NewRat(contract.CreditsPerUSD, per))
	switch unit {
	case models.Video:
	case models.Second:
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
