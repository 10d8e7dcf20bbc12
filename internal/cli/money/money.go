// Package money parses the API's amounts, and formats prices and costs.
package money

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/cli/term"
	"github.com/takeup/takeup/internal/price"
)

// Parse parses an amount in USD.
func Parse(usd json.Number) (price.Micros, error) {
	decimal, err := price.ParseDecimal(usd.String())
	if err != nil {
		return 0, fmt.Errorf("reading a price of the API: %w", err)
	}
	amount, ok := price.Rate{USD: decimal, Unit: price.Video, Per: 1}.Amount(1)
	if !ok {
		return 0, fmt.Errorf("reading a price of the API: %s USD is too large", usd)
	}
	return amount, nil
}

// Micros parses an amount in USD for display. It returns 0 if the amount can't be parsed.
func Micros(usd json.Number) price.Micros {
	micros, err := Parse(usd)
	if err != nil {
		return 0
	}
	return micros
}

// USD formats an amount.
func USD(usd json.Number) string { return Micros(usd).String() }

// Float parses an amount for comparisons and bars. It returns 0 if n is not a number.
func Float(n json.Number) float64 {
	f, _ := n.Float64()
	return f
}

// Cents formats an amount with two decimals.
func Cents(n json.Number) string { return fmt.Sprintf("%.2f", Float(n)) }

// WithCents formats an amount with at least two decimals.
func WithCents(usd json.Number) string {
	whole, decimals, _ := strings.Cut(usd.String(), ".")
	return whole + "." + decimals + strings.Repeat("0", max(0, 2-len(decimals)))
}

// Cost formats the cost of a video.
func Cost(cost *api.Cost) string {
	if cost == nil {
		return "unknown"
	}
	return fmt.Sprintf("%.2f USD", cost.USD)
}

// Price formats the price of a request.
func Price(q *api.Quote) string {
	switch {
	case q.Basis == "charges":
		return fmt.Sprintf("about %s USD", q.USD)
	case q.Exact:
		return fmt.Sprintf("%s USD", q.USD)
	case q.MostUSD != nil:
		return fmt.Sprintf("%s to %s USD", q.USD, *q.MostUSD)
	}
	return fmt.Sprintf("at least %s USD", q.USD)
}

// PriceAndSource formats the price of a request and where it comes from; nil is an unknown
// price.
func PriceAndSource(q *api.Quote) string {
	switch {
	case q == nil:
		return "unknown: the provider's price list doesn't have it, and no such video has been made here yet"
	case q.Basis == "charges":
		return Price(q) + ", the highest charge for recent videos like this"
	}
	text := Price(q)
	if !q.Exact && q.MostUSD == nil && q.Charged != nil {
		text += fmt.Sprintf("; recent videos like this cost up to %s USD", *q.Charged)
	}
	return text + fmt.Sprintf(" (%s, %s)", term.OrEmpty(q.Source), term.OrEmpty(q.Date))
}
