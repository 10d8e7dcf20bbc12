// Package money reads amounts of the API, and says in words what videos cost.
package money

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/takeup/takeup/internal/api/client"
	"github.com/takeup/takeup/internal/cli/term"
	"github.com/takeup/takeup/internal/price"
)

// Parse reads an amount of USD.
func Parse(usd json.Number) (price.Micros, error) {
	decimal, err := price.ParseDecimal(usd.String())
	if err != nil {
		return 0, fmt.Errorf("a price of the API can't be read: %w", err)
	}
	amount, ok := price.Rate{USD: decimal, Unit: price.Video, Per: 1}.Amount(1)
	if !ok {
		return 0, fmt.Errorf("a price of the API can't be read: %s USD", usd)
	}
	return amount, nil
}

// Micros reads an amount of the API's; 0 where it can't be read.
func Micros(usd json.Number) price.Micros {
	micros, err := Parse(usd)
	if err != nil {
		return 0
	}
	return micros
}

func USD(usd json.Number) string { return Micros(usd).String() }

// Float is good for comparing; one that isn't a number is 0.
func Float(n json.Number) float64 {
	f, _ := n.Float64()
	return f
}

func Cents(n json.Number) string { return fmt.Sprintf("%.2f", Float(n)) }

// WithCents gives an amount two decimals at least.
func WithCents(usd json.Number) string {
	whole, decimals, _ := strings.Cut(usd.String(), ".")
	return whole + "." + decimals + strings.Repeat("0", max(0, 2-len(decimals)))
}

func Cost(cost *client.Cost) string {
	if cost == nil {
		return "not known"
	}
	return fmt.Sprintf("%.2f USD (%d credits)", cost.USD, cost.Credits)
}

// Price says what a request costs, in a few words.
func Price(q *client.Quote) string {
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

// PriceAndSource says what a request costs, and how that is known.
func PriceAndSource(q *client.Quote) string {
	switch {
	case q == nil:
		return "not known: the provider's price list doesn't tell, and no such video was made here yet"
	case q.Basis == "charges":
		return Price(q) + ", which is the most that the last such videos cost"
	}
	text := Price(q)
	if !q.Exact && q.MostUSD == nil && q.Charged != nil {
		text += fmt.Sprintf("; the last such videos cost up to %s USD", *q.Charged)
	}
	return text + fmt.Sprintf(" (%s, %s)", term.OrEmpty(q.Source), term.OrEmpty(q.Date))
}
