package modellist

import (
	"encoding/json"

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
