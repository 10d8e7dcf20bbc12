package wire

import (
	"encoding/json"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/price"
)

// Price returns what a price list says of a model; nil where it says nothing.
func Price(list price.List, model string) *api.Price {
	found, _ := list.Find(model)
	if found.Kind == price.Unknown {
		return nil
	}
	p := api.Price{Kind: found.Kind, Variants: []api.Rate{}, Source: found.Source, Date: date(found.AsOf)}
	for i, rate := range found.Rates {
		if rate.Per < 1 {
			p.Unit = price.Uncounted
			continue // a rate that couldn't be read
		}
		v := api.Rate{When: rate.When, USD: json.Number(rate.USD.String()), Unit: rate.Unit, Per: rate.Per}
		if v.When == nil {
			v.When = map[string]string{}
		}
		if i == 0 {
			p.Unit = rate.Unit
		} else if p.Unit != rate.Unit {
			p.Unit = price.Uncounted
		}
		p.Variants = append(p.Variants, v)
	}
	return &p
}

// Quote returns what a request will cost by an estimate from a price list; nil
// where nothing is known.
func Quote(e price.Estimate, list price.List) *api.Quote {
	if e.Basis == price.ByNothing {
		return nil
	}
	q := api.Quote{USD: e.Least.USD(), Exact: e.Exact(), Basis: e.Basis, MostUSD: usd(e.Most), Charged: usd(e.Charged)}
	if e.Basis == price.ByList {
		q.Source, q.Date = &list.Source, new(date(list.AsOf))
	}
	return &q
}
