package price

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/takeup/takeup/internal/video"
)

// Quote is the range of what a request will cost by the list.
type Quote struct {
	Known bool // whether the list prices the request
	Least Micros
	Most  Micros // 0 if the list sets no bound
}

// Exact reports whether the request will cost exactly Least.
func (q Quote) Exact() bool { return q.Known && q.Least == q.Most }

// Quote returns what a request will cost.
//
// The quote is exact if one rate certainly applies. If the request leaves a parameter to
// the provider, so that one of several rates may apply, it ranges from the cheapest to the
// most expensive of them. A Fixed price with several rates ranges from the cheapest to
// their sum, since the list doesn't say which of them a request incurs. A Variable price is
// at least its cheapest rate. In all other cases the quote is unknown, also if all that is
// known is that the request costs at least nothing.
func (p Price) Quote(request video.Request) Quote {
	rates, certain := p.matching(request)
	var quotes []Quote
	for _, rate := range rates {
		if q, ok := rate.quote(request); ok {
			quotes = append(quotes, q)
		}
	}
	all := len(quotes) == len(rates)
	if len(quotes) == 0 || !all && p.Kind != Fixed {
		return Quote{} // the rate that can't be counted may be the cheapest
	}
	total := quotes[0]
	for _, q := range quotes[1:] {
		total.Least = min(total.Least, q.Least)
		if p.Kind == Fixed {
			total.Most = Add(total.Most, q.Most)
		} else {
			total.Most = max(total.Most, q.Most)
		}
	}
	total.Known = true
	switch {
	case all && certain && p.Kind != Variable && total.Least == total.Most:
		return total
	case total.Least == 0:
		return Quote{}
	case !all || p.Kind == Variable || total.Least == total.Most:
		// A rate that can't be counted is added on top, or the parameter has a value that
		// the list doesn't name.
		total.Most = 0
	}
	return total
}

// matching returns the rates that apply or may apply to a request, and whether all of them
// certainly apply.
func (p Price) matching(request video.Request) (rates []Rate, certain bool) {
	certain = true
	for _, rate := range p.Rates {
		switch rate.matches(request) {
		case yes:
			rates = append(rates, rate)
		case unsure:
			rates, certain = append(rates, rate), false
		}
	}
	return rates, certain
}

// Add returns the sum of two amounts, or the largest amount if the sum overflows.
func Add(a, b Micros) Micros {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

// quote returns the cost of a request by one rate; false if the request doesn't determine
// the number of units.
func (r Rate) quote(request video.Request) (Quote, bool) {
	var least, most int64
	switch r.Unit {
	case Second:
		least, most = seconds(request)
		if least < 1 {
			return Quote{}, false
		}
	case Video:
		least, most = 1, 1
	default:
		return Quote{}, false
	}
	low, ok := r.Amount(least)
	high, also := r.Amount(most)
	return Quote{Least: low, Most: high}, ok && also
}

// seconds returns the range of the length of the video that a request asks for. If the
// shots of a storyboard have lengths of their own, it isn't documented whether their sum or
// the request's duration counts.
func seconds(request video.Request) (least, most int64) {
	const byDefault = 5 // seconds per shot
	duration, sum := int64(request.Duration()), int64(0)
	value, _ := request.Value("multi_prompt")
	shots, _ := value.([]any)
	for _, value := range shots {
		shot, ok := value.(map[string]any)
		if !ok {
			return duration, duration
		}
		if length, ok := shot["duration"].(int); ok {
			sum += int64(length)
		} else {
			sum += byDefault
		}
	}
	if len(shots) == 0 {
		return duration, duration
	}
	return min(duration, sum), max(duration, sum)
}

type answer int

const (
	no answer = iota
	unsure
	yes
)

// matches tells whether the rate applies to a request.
func (r Rate) matches(request video.Request) answer {
	matches := yes
	for name, want := range r.When {
		matches = min(matches, equal(parameter(request, name), want))
	}
	return matches
}

// parameter returns the request's value for a dimension; nil if it has none. The dimension
// audio is the parameter generate_audio.
func parameter(request video.Request, dimension string) any {
	for _, name := range request.Names() {
		if plain := fold(name); plain == fold(dimension) || plain == "generate"+fold(dimension) {
			value, _ := request.Value(name)
			return value
		}
	}
	return nil
}

// fold maps names that differ only in case and separators to the same name.
func fold(name string) string {
	return strings.ToLower(strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || r == ' ' {
			return -1
		}
		return r
	}, name))
}

// equal compares a request's value with one in the list. A difference is certain only if
// both have the same type.
func equal(value any, want string) answer {
	var same bool
	switch value := value.(type) {
	case string:
		if want == "" {
			return unsure
		}
		same = strings.EqualFold(value, want)
	case bool:
		if want != "true" && want != "false" {
			return unsure
		}
		same = fmt.Sprint(value) == want
	case int:
		whole, decimals, _ := strings.Cut(want, ".")
		if !digits(whole + decimals) {
			return unsure
		}
		number, err := strconv.Atoi(whole)
		same = err == nil && number == value && strings.Trim(decimals, "0") == ""
	default:
		return unsure
	}
	if same {
		return yes
	}
	return no
}
