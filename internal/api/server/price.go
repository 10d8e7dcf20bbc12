package server

import (
	"context"
	"encoding/json"
	"time"

	"github.com/takeup/takeup/internal/price"
	"github.com/takeup/takeup/internal/video"
)

// modelPrice is what the provider's list says of a model.
type modelPrice struct {
	Kind     price.Kind `json:"kind"`
	Unit     price.Unit `json:"unit"` // of all its variants; empty where they differ
	Variants []variant  `json:"variants"`
	Source   string     `json:"source"`
	Date     string     `json:"date"`
}

// variant is a rate, and the parameters that it is for; without any, all requests.
type variant struct {
	When map[string]string `json:"when"`
	USD  json.Number       `json:"usd"`
	Unit price.Unit        `json:"unit"`
	Per  int64             `json:"per"`
}

// charge is the dearest of what the last videos of a length cost.
type charge struct {
	Duration int         `json:"duration"`
	USD      json.Number `json:"usd"`
}

// quote is what a request will cost.
type quote struct {
	USD     json.Number  `json:"usd"`
	Exact   bool         `json:"exact"` // USD and no more; otherwise at least, by the list
	MostUSD *json.Number `json:"most_usd"`
	Basis   price.Basis  `json:"basis"`
	Charged *json.Number `json:"charged_usd"`
	Source  *string      `json:"source"`
	Date    *string      `json:"date"`
}

// priceOf gives what a list says of a model; nil where that is nothing.
func priceOf(list price.List, name string) *modelPrice {
	found, _ := list.Find(name)
	if found.Kind == price.Unknown {
		return nil
	}
	p := modelPrice{Kind: found.Kind, Variants: []variant{}, Source: found.Source, Date: dateOf(found.AsOf)}
	for i, rate := range found.Rates {
		if rate.Per < 1 {
			p.Unit = price.Uncounted
			continue // it can't be read
		}
		v := variant{When: rate.When, USD: json.Number(rate.USD.String()), Unit: rate.Unit, Per: rate.Per}
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

// quote gives nil where nothing tells what a request costs.
func (a *API) quote(ctx context.Context, request video.Request) *quote {
	list := a.Prices.List(ctx)
	micros, _ := a.Estimator.Charged(ctx, request.Model(), request.Duration())
	e := list.Estimate(request, price.Micros(micros))
	if e.Basis == price.ByNothing {
		return nil
	}
	q := quote{USD: e.Least.USD(), Exact: e.Exact(), Basis: e.Basis, MostUSD: usdOf(e.Most), Charged: usdOf(e.Charged)}
	if e.Basis == price.ByList {
		date := dateOf(list.AsOf)
		q.Source, q.Date = &list.Source, &date
	}
	return &q
}

// usdOf gives nil for an amount that isn't known.
func usdOf(amount price.Micros) *json.Number {
	if amount <= 0 {
		return nil
	}
	usd := amount.USD()
	return &usd
}

func dateOf(at time.Time) string { return at.UTC().Format(time.DateOnly) }
