package flags

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/takeup/takeup/internal/lambdaenv/settings"
	"github.com/takeup/takeup/internal/price"
)

// none is the word for no cap. A 0, which is that for a parameter, could be meant for
// a cap that nothing fits under.
const none = "none"

// Amount is a flag's value: micro-dollars; 0 for none, nil where it wasn't given. It is
// a pflag.Value.
type Amount struct{ Micros *int64 }

// Set reads an amount in USD, or none.
func (a *Amount) Set(text string) error {
	var usd settings.USD
	if text != none && (usd.UnmarshalText([]byte(text)) != nil || usd == 0) {
		return errors.New("it takes an amount in USD such as 20 or 0.5, with at most six decimals, or none for no cap; takeup pause has all jobs wait")
	}
	a.Micros = new(int64(usd))
	return nil
}

func (a *Amount) String() string {
	switch {
	case a.Micros == nil:
		return ""
	case *a.Micros == 0:
		return none
	}
	return string(price.Micros(*a.Micros).USD())
}

// Type is what the flag's help calls the value.
func (a *Amount) Type() string { return "USD" }

// Count is a flag's value: a number of videos; 0 for none, nil where it wasn't given.
// It is a pflag.Value.
type Count struct{ N *int64 }

// Set reads a number, or none.
func (p *Count) Set(text string) error {
	n, err := strconv.ParseUint(text, 10, 31)
	if text != none && (err != nil || n == 0) {
		return errors.New("it takes a whole number from 1 on, or none for no cap; takeup pause has all jobs wait")
	}
	p.N = new(int64(n))
	return nil
}

func (p *Count) String() string {
	switch {
	case p.N == nil:
		return ""
	case *p.N == 0:
		return none
	}
	return strconv.FormatInt(*p.N, 10)
}

// Type is what the flag's help calls the value.
func (p *Count) Type() string { return "number" }

// Deadline is a flag's value: a time to come; zero for none. It is a pflag.Value.
type Deadline struct {
	Given bool
	At    time.Time
}

// Set reads a day in UTC, a time, or reset for none.
func (d *Deadline) Set(text string) error {
	if text == "reset" {
		*d = Deadline{Given: true}
		return nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if at, err := time.Parse(layout, text); err == nil {
			*d = Deadline{Given: true, At: at}
			return nil
		}
	}
	return errors.New("it takes a day or a time such as 2026-12-01 or 2026-12-01T18:00:00Z, or reset for caps that don't end by themselves")
}

func (d *Deadline) String() string {
	if d.At.IsZero() {
		return ""
	}
	return d.At.Format(time.RFC3339)
}

// Type is what the flag's help calls the value.
func (d *Deadline) Type() string { return "time" }

// Duration is a flag's value: how long. It is a pflag.Value.
type Duration time.Duration

// Set reads 12h, 30m or 3d.
func (s *Duration) Set(text string) error {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.ParseUint(days, 10, 12); err == nil && n > 0 {
			*s = Duration(time.Duration(n) * 24 * time.Hour)
			return nil
		}
	}
	if d, err := time.ParseDuration(text); err == nil && d > 0 {
		*s = Duration(d)
		return nil
	}
	return errors.New("it takes a time such as 12h, 30m or 3d")
}

func (s *Duration) String() string {
	if *s == 0 {
		return ""
	}
	return time.Duration(*s).String()
}

// Type is what the flag's help calls the value.
func (s *Duration) Type() string { return "time" }
