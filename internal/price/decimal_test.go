package price_test

import (
	"encoding/json"
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/takeup/takeup/internal/price"
)

func TestParseDecimal(t *testing.T) {
	for text, want := range map[string]string{
		"0": "0", "0.0": "0", "0e5": "0", "1": "1", "010": "10", "0.650": "0.65", "6.5e-7": "0.00000065", "1.5E+3": "1500",
		"0.30000000000000004": "0.30000000000000004", "1e20": "100000000000000000000", "1e-20": "0.00000000000000000001",
		strings.Repeat("9", 40): strings.Repeat("9", 40),
	} {
		d, err := price.ParseDecimal(text)
		if err != nil || d.String() != want {
			t.Errorf("%s: %v, %v; want %s", text, d, err, want)
		}
		data, err := json.Marshal(d)
		var back price.Decimal
		if err != nil || json.Unmarshal(data, &back) != nil || back != d {
			t.Errorf("%s became %v through %s, %v", text, back, data, err)
		}
	}
	for _, text := range []string{"", "-1", "+1", ".5", "5.", "1e21", "1e-21", "1e1000000000", "0x10", "1_000", "1/3", "NaN", "Inf", " 1", "1,5", strings.Repeat("9", 41)} {
		if d, err := price.ParseDecimal(text); err == nil {
			t.Errorf("%q is taken for %v", text, d)
		}
	}
}

// A stored number is read back only in the form in which it is written.
func TestDecimalIsReadAsItIsKept(t *testing.T) {
	for _, text := range []string{"", "1.50", "1.0", "01", "00", ".5", "5.", "1e3", "-1", "+1", "0x1", "1,5", " 1", "1.5.2", strings.Repeat("9", 81)} {
		var d price.Decimal
		if err := d.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is read as %s", text, d)
		}
	}
	var zero price.Decimal
	if err := zero.UnmarshalText([]byte("0")); err != nil || zero != (price.Decimal{}) {
		t.Errorf("0 is read as %#v, %v", zero, err)
	}
}

func mustDecimal(t *testing.T, text string) price.Decimal {
	t.Helper()
	d, err := price.ParseDecimal(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestAmount(t *testing.T) {
	for name, c := range map[string]struct {
		usd        string
		per, units int64
		want       price.Micros
		ok         bool
	}{
		"five seconds at 0.65":               {"0.65", 1, 5, 3_250_000, true},
		"nothing of it":                      {"0.65", 1, 0, 0, true},
		"free":                               {"0", 1, 5, 0, true},
		"for a thousand":                     {"127.4", 1000, 5, 637_000, true},
		"a third is rounded up":              {"1", 3, 1, 333_334, true},
		"rounded once, at the end":           {"1", 3, 3, 1_000_000, true},
		"below a micro-dollar":               {"0.00000001", 1, 1, 1, true},
		"what floating point calls 0.3":      {"0.3", 1, 3, 900_000, true},
		"the noise of floating point":        {"0.30000000000000004", 1, 1, 300_001, true},
		"no number of units is the rate's":   {"1", 0, 1, 0, false},
		"less than no seconds":               {"1", 1, -1, 0, false},
		"the most that an amount can be":     {"9223372036854.775807", 1, 1, math.MaxInt64, true},
		"more than an amount can be":         {"9223372036854.775808", 1, 1, 0, false},
		"more by the seconds than it can be": {"1", 1, math.MaxInt64, 0, false},
	} {
		got, ok := price.Rate{USD: mustDecimal(t, c.usd), Unit: price.Second, Per: c.per}.Amount(c.units)
		if ok != c.ok || ok && got != c.want {
			t.Errorf("%s: %d, %v; want %d, %v", name, got, ok, c.want, c.ok)
		}
	}
}

// An amount is the smallest whole number of micro-dollars that is at least usd*units/per.
// The test computes it in integers, from the digits and decimals of the price.
func TestAmountIsWhatTheRateSays(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		digits, decimals := random.Int64N(1_000_000_000), random.IntN(13)
		per, units := 1+random.Int64N(1_000_000), random.Int64N(4000)
		if random.IntN(2) == 0 {
			per = 1
		}
		scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(decimals)), nil)
		rate := price.Rate{USD: mustDecimal(t, new(big.Rat).SetFrac(big.NewInt(digits), scale).FloatString(decimals)), Unit: price.Second, Per: per}
		got, ok := rate.Amount(units)
		if !ok {
			t.Fatalf("%v for %d: no amount", rate, units)
		}
		// got*scale*per must be at least digits*units*1e6, and exceed it by less than a
		// micro-dollar.
		due := new(big.Int).Mul(big.NewInt(digits*units), big.NewInt(1_000_000))
		micro := new(big.Int).Mul(scale, big.NewInt(per))
		over := new(big.Int).Sub(new(big.Int).Mul(micro, big.NewInt(int64(got))), due)
		if over.Sign() < 0 || over.Cmp(micro) >= 0 {
			t.Fatalf("%v for %d units is %d", rate, units, got)
		}
	}
}
