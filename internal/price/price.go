package price

import (
	"math"
	"math/bits"
	"time"
)

// Kind is how a model is priced.
type Kind string

// The kinds of prices in the provider's list.
const (
	Unknown  Kind = ""         // no price, or one that can't be read
	Fixed    Kind = "fixed"    // one rate per unit, whatever the request
	Variants Kind = "variants" // a rate for each combination of request parameters
	Variable Kind = "variable" // not known until the video is made
)

// Unit is what a rate is charged per.
type Unit string

// The units that can be counted from a request, and Uncounted.
const (
	Uncounted Unit = ""       // anything else, such as tokens
	Second    Unit = "second" // of video
	Video     Unit = "video"
)

// Price is a model's price in the provider's list.
type Price struct {
	Kind       Kind      `json:"kind"`
	Dimensions []string  `json:"dimensions,omitempty"` // the request parameters that the price depends on
	Rates      []Rate    `json:"rates,omitempty"`
	Source     string    `json:"source,omitempty"` // the address of the list
	AsOf       time.Time `json:"as_of,omitzero"`   // when the list was last known to be current
}

// Rate is a price for a number of units.
type Rate struct {
	// When has the parameter values that the rate applies to. A rate without any applies to
	// all requests. An empty value is one that can't be read.
	When map[string]string `json:"when,omitempty"`
	USD  Decimal           `json:"usd"` // for Per units
	Unit Unit              `json:"unit"`
	Per  int64             `json:"per"`
}

// Amount returns the cost of a number of units, rounded up to the micro-dollar. It is false
// if the rate can't be read, the amount exceeds 9.2e12 USD, or a number has too many digits
// to be a price.
func (r Rate) Amount(units int64) (Micros, bool) {
	number, decimals, ok := r.USD.parts()
	if !ok || r.Per < 1 || units < 0 {
		return 0, false
	}
	const micro = 6 // decimals of a micro-dollar
	times, fits := scaled(uint64(units), micro-decimals)
	by, also := scaled(uint64(r.Per), decimals-micro)
	high, low := bits.Mul64(number, times)
	if !fits || !also || high >= by {
		return 0, false
	}
	amount, rest := bits.Div64(high, low, by)
	if rest > 0 {
		amount++
	}
	return Micros(amount), amount <= math.MaxInt64
}

// scaled returns n times ten to the power of zeros; false if that overflows.
func scaled(n uint64, zeros int) (uint64, bool) {
	for ; zeros > 0; zeros-- {
		if n > math.MaxUint64/10 {
			return 0, false
		}
		n *= 10
	}
	return n, true
}
