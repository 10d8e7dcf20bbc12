package price

import (
	"math"
	"math/bits"
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
// false where the rate can't be read, the amount is above 9.2e12 USD, or one of the
// numbers has too many digits to be a price.
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

// scaled gives n with so many zeros behind it; false where that is too large.
func scaled(n uint64, zeros int) (uint64, bool) {
	for ; zeros > 0; zeros-- {
		if n > math.MaxUint64/10 {
			return 0, false
		}
		n *= 10
	}
	return n, true
}
