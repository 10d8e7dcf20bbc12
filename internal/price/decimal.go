package price

import (
	"encoding/json"
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// Micros is an amount of money in micro-dollars, millionths of a USD.
type Micros int64

// PerUSD is one USD.
const PerUSD Micros = 1_000_000

// Decimal is an exact decimal number that isn't negative. Equal numbers are equal values,
// however they were written. The zero value is 0.
type Decimal struct{ text string }

// These bounds on a Decimal keep arithmetic with hostile numbers cheap: a number with an
// exponent of a billion would have a billion digits.
const (
	maxDecimal  = 40
	maxExponent = 20
)

// decimal is compiled on first use, to keep cold starts fast.
var decimal = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?)(?:[eE]([+-]?[0-9]{1,2}))?$`)
})

// ParseDecimal parses a number in JSON's notation, such as 0.65 or 6.5e-7. It accepts up to
// 40 characters and an exponent from -20 to 20.
func ParseDecimal(text string) (Decimal, error) {
	parts := decimal().FindStringSubmatch(text)
	if len(text) > maxDecimal || parts == nil {
		return Decimal{}, fmt.Errorf("%.50q is not a decimal number of at most %d characters", text, maxDecimal)
	}
	if parts[2] != "" {
		exponent, err := strconv.Atoi(parts[2])
		if err != nil || exponent < -maxExponent || exponent > maxExponent {
			return Decimal{}, fmt.Errorf("%q has an exponent outside of -%d to %d", text, maxExponent, maxExponent)
		}
	}
	number, ok := new(big.Rat).SetString(text)
	if !ok {
		return Decimal{}, fmt.Errorf("%q is not a decimal number", text)
	}
	if number.Sign() == 0 {
		return Decimal{}, nil
	}
	places, _ := number.FloatPrec() // a decimal number always has finitely many
	return Decimal{text: number.FloatString(places)}, nil
}

// String returns the number without an exponent, such as "0.65".
func (d Decimal) String() string {
	if d.text == "" {
		return "0"
	}
	return d.text
}

// MarshalText returns String, so that JSON stores the number exactly.
func (d Decimal) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText parses what MarshalText wrote, and no other form of a number. It doesn't
// use ParseDecimal because it is linked into functions that must stay small.
func (d *Decimal) UnmarshalText(text []byte) error {
	whole, decimals, pointed := strings.Cut(string(text), ".")
	if len(text) > 2*maxDecimal || !digits(whole) || pointed && (!digits(decimals) || strings.HasSuffix(decimals, "0")) || len(whole) > 1 && whole[0] == '0' {
		return fmt.Errorf("%.50q is not a decimal number as it is kept", text)
	}
	if *d = (Decimal{text: string(text)}); d.text == "0" {
		*d = Decimal{}
	}
	return nil
}

func digits(text string) bool { return text != "" && strings.Trim(text, "0123456789") == "" }

// parts returns the number's digits as an integer, and how many of them are decimals. It is
// false if the digits overflow a uint64.
func (d Decimal) parts() (number uint64, decimals int, ok bool) {
	whole, behind, _ := strings.Cut(d.String(), ".")
	number, err := strconv.ParseUint(whole+behind, 10, 64)
	return number, len(behind), err == nil
}

// whole returns the number if it is an integer of at least 1.
func (d Decimal) whole() (int64, bool) {
	n, err := strconv.ParseInt(d.String(), 10, 64)
	return n, err == nil && n > 0
}

// readDecimal parses a JSON number, or a JSON string that contains one.
func readDecimal(value json.RawMessage) (Decimal, error) {
	text := string(value)
	var quoted string
	if json.Unmarshal(value, &quoted) == nil && quoted != "" {
		text = strings.TrimSpace(quoted)
	}
	return ParseDecimal(text)
}
