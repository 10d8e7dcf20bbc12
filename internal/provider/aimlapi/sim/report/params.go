package report

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// params parses query parameters as strictly as the provider's reporting endpoints do, and collects the errors.
type params struct {
	values   url.Values
	problems []string
}

// readParams rejects every parameter not in names, and every repeated one not in repeated.
func readParams(values url.Values, names, repeated []string) *params {
	p := &params{values: values}
	for name, given := range values {
		switch {
		case slices.Contains(repeated, name):
		case !slices.Contains(names, name):
			p.bad("property %s should not exist", name)
		case len(given) > 1:
			p.bad("%s must be given once", name)
		}
	}
	slices.Sort(p.problems)
	return p
}

func (p *params) bad(format string, args ...any) {
	p.problems = append(p.problems, fmt.Sprintf(format, args...))
}

func (p *params) integer(name string, byDefault, least, most int) int {
	if !p.values.Has(name) {
		return byDefault
	}
	n, err := strconv.Atoi(p.values.Get(name))
	if err != nil || n < least || n > most {
		p.bad("%s must be an integer from %d to %d", name, least, most)
		return byDefault
	}
	return n
}

func (p *params) oneOf(name string, allowed ...string) {
	for _, v := range p.values[name] {
		if !slices.Contains(allowed, v) {
			p.bad("%s must be one of the following values: %s", name, strings.Join(allowed, ", "))
		}
	}
}

// moment parses an ISO 8601 time; it is zero if absent. Without an offset it is UTC, or rejected if one is needed.
func (p *params) moment(name string, offsetNeeded bool) time.Time {
	if !p.values.Has(name) {
		return time.Time{}
	}
	layouts := []string{time.RFC3339Nano}
	if !offsetNeeded {
		layouts = append(layouts, "2006-01-02T15:04:05", "2006-01-02T15:04", time.DateOnly)
	}
	for _, layout := range layouts {
		if t, err := time.Parse(layout, p.values.Get(name)); err == nil {
			return t
		}
	}
	p.bad("%s must be an ISO-8601 date", name)
	return time.Time{}
}

// window parses period, or start and end; the longest window is 92 days.
func (p *params) window(now time.Time) (from, to time.Time) {
	const longest = 92 * 24 * time.Hour
	period, start, end := p.values.Has("period"), p.values.Has("start"), p.values.Has("end")
	switch {
	case period && !start && !end:
		to = now.Add(time.Nanosecond) // includes what was created at this very moment
		from = now.Add(-p.period())
	case start && end && !period:
		from, to = p.moment("start", false), p.moment("end", false)
		if to.Before(from) {
			p.bad("end must not be earlier than start")
		}
	default:
		p.bad("provide either period or both start and end")
	}
	if to.Sub(from) > longest {
		p.bad("the window must not exceed 92 days")
	}
	return from, to
}

func (p *params) period() time.Duration {
	text := p.values.Get("period")
	units := map[string]time.Duration{"h": time.Hour, "d": 24 * time.Hour}
	if len(text) > 1 {
		n, err := strconv.ParseUint(text[:len(text)-1], 10, 16)
		if unit, ok := units[text[len(text)-1:]]; ok && err == nil && n > 0 {
			return time.Duration(n) * unit
		}
	}
	p.bad("period must be a positive integer followed by h or d")
	return 0
}
