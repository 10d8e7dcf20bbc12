package price

import (
	"math/big"
	"time"
)

// Kind is how a model is priced.
type Kind string

// The kinds of prices that the provider's list has.
const (
	Unknown  Kind = ""         // no price, or one that can't be read
	Fixed    Kind = "fixed"    // one rate a unit, whatever is asked for
	Variants Kind = "variants" // a rate for each combination of request parameters
	Variable Kind = "variable" // can't be quoted before the video is made
)

// Unit is what a rate is for.
type Unit string

// The units that a request tells the number of.
const (
	Uncounted Unit = ""       // anything else, such as tokens
	Second    Unit = "second" // of video
	Video     Unit = "video"
)

// Price is what the provider's list says of a model.
type Price struct {
	Kind       Kind      `json:"kind"`
	Dimensions []string  `json:"dimensions,omitempty"` // the request parameters that it depends on
	Rates      []Rate    `json:"rates,omitempty"`
	Source     string    `json:"source,omitempty"` // the address of the list
	AsOf       time.Time `json:"as_of,omitzero"`   // when the list was known to be like this
}

// Rate is a price for a number of units.
type Rate struct {
	// When has the values of the request's parameters that the rate is for; a rate
	// without any is for all requests. An empty value is one that can't be read.
	When map[string]string `json:"when,omitempty"`
	USD  Decimal           `json:"usd"` // for Per units
	Unit Unit              `json:"unit"`
	Per  int64             `json:"per"`
}

// Amount is what a number of units costs, rounded up to the micro-dollar. It is
// false where the rate can't be read or the amount is above 9.2e12 USD.
func (r Rate) Amount(units int64) (Micros, bool) {
	if r.Per < 1 || units < 0 {
		return 0, false
	}
	due, of := r.USD.parts()
	due.Mul(due, big.NewInt(int64(PerUSD))).Mul(due, big.NewInt(units))
	of.Mul(of, big.NewInt(r.Per))
	amount, rest := new(big.Int).QuoRem(due, of, new(big.Int))
	if rest.Sign() > 0 {
		amount.Add(amount, big.NewInt(1))
	}
	return Micros(amount.Int64()), amount.IsInt64()
}
