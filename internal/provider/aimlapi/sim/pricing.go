package sim

import (
	"encoding/json"
	"fmt"
	"math/big"

	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/provider/aimlapi/models"
)

// The provider's shape of a price.
type (
	pricing struct {
		Kind       string    `json:"kind"`
		Currency   string    `json:"currency"`
		Units      []rate    `json:"units,omitempty"`
		Dimensions []string  `json:"dimensions,omitempty"` // names of request parameters
		Variants   []variant `json:"variants,omitempty"`
	}
	rate struct {
		Name    string      `json:"name"`
		Measure string      `json:"measure"`
		Price   json.Number `json:"price"`
		Per     int64       `json:"per"`
	}
	variant struct {
		When  map[string]any `json:"when"`
		Price json.Number    `json:"price"`
		Unit  string         `json:"unit"`
		Per   int64          `json:"per"`
	}
)

// pricingOf returns a model's price as in the list: without the rate if the price varies.
func pricingOf(m models.Model) *pricing {
	p := &pricing{Kind: m.Price.Kind, Currency: "USD"}
	for _, each := range m.Price.USD {
		switch m.Price.Kind {
		case models.Fixed:
			p.Units = append(p.Units, rate{"video", m.Price.Unit, each.USD, m.Price.Per})
		case models.Variants:
			when := map[string]any{m.Price.By: valueOf(m, m.Price.By, each.Value)}
			p.Dimensions = []string{m.Price.By}
			p.Variants = append(p.Variants, variant{when, each.USD, m.Price.Unit, m.Price.Per})
		}
	}
	return p
}

// valueOf returns a parameter's value in its JSON type.
func valueOf(m models.Model, name, value string) any {
	switch p, _ := m.Takes(name); p.Kind {
	case catalogue.Integer, catalogue.Number:
		return json.Number(value)
	case catalogue.Boolean:
		return value == "true"
	case catalogue.String, catalogue.Object, catalogue.List:
	}
	return value
}

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
	credits := usd.Mul(usd, big.NewRat(CreditsPerUSD, per))
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
