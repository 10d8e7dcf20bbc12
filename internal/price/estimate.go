package price

import (
	"encoding/json"
	"fmt"
	"math/big"

	"github.com/takeup/takeup/internal/video"
)

// Basis is what an estimate is based on.
type Basis string

// The bases of an estimate.
const (
	ByNothing Basis = ""        // neither a price nor a charge is known
	ByList    Basis = "list"    // the provider's price list
	ByCharges Basis = "charges" // what the model's last videos of that length cost
)

// Estimate is the expected cost of a request.
type Estimate struct {
	Basis Basis
	// Least is the minimum by the list. By charges, it is the highest of them.
	Least Micros
	Most  Micros // 0 if there is no bound
	// Charged is the highest recent charge; 0 if none is known.
	Charged Micros
}

// Exact reports whether the request will cost exactly Least by the list.
func (e Estimate) Exact() bool { return e.Basis == ByList && e.Least == e.Most }

// Estimate returns the expected cost of a request by the list. If the list doesn't
// price it, the estimate is charged, the highest recent charge for the model and length; 0
// if none is known.
func (l List) Estimate(request video.Request, charged Micros) Estimate {
	p, _ := l.Find(request.Model())
	switch q := p.Quote(request); {
	case q.Known:
		return Estimate{Basis: ByList, Least: q.Least, Most: q.Most, Charged: charged}
	case charged > 0:
		return Estimate{Basis: ByCharges, Least: charged, Charged: charged}
	}
	return Estimate{}
}

// USD returns the amount as a decimal number, such as 0.98.
func (m Micros) USD() json.Number {
	d, err := ParseDecimal(new(big.Rat).SetFrac64(int64(max(m, 0)), int64(PerUSD)).FloatString(6))
	if err != nil {
		panic("price: an amount that isn't a decimal number: " + err.Error()) // it has 19 digits at most
	}
	return json.Number(d.String())
}

// String returns the amount with two decimals, or more if it has fractions of a cent, such
// as "0.98 USD".
func (m Micros) String() string {
	if m%10_000 == 0 {
		return fmt.Sprintf("%d.%02d USD", m/PerUSD, m%PerUSD/10_000)
	}
	return string(m.USD()) + " USD"
}
