// Package wire turns what jobs, caps, usage and prices know into the wire types of
// package api. It decides nothing: what isn't known becomes null, a time is in UTC, and
// an amount of money is in USD.
package wire

import (
	"encoding/json"
	"math"
	"time"

	"github.com/takeup/takeup/internal/price"
)

// Time returns nil for the zero time.
func Time(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// Seconds rounds up, so that nobody waits too little, and returns at least 0.
func Seconds(d time.Duration) int { return max(0, int(math.Ceil(d.Seconds()))) }

// text returns nil for the empty text.
func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// number returns nil for 0.
func number(n int) *int {
	if n == 0 {
		return nil
	}
	return &n
}

// usd returns nil for no amount.
func usd(amount price.Micros) *json.Number {
	if amount <= 0 {
		return nil
	}
	n := amount.USD()
	return &n
}

// date returns a day of UTC, such as 2026-08-21.
func date(at time.Time) string { return at.UTC().Format(time.DateOnly) }
