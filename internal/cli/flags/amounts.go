package flags

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/takeup/takeup/internal/lambdaenv/settings"
	"github.com/takeup/takeup/internal/price"
)

// none is the value for no cap. A 0 is an error: as a template parameter it means no cap, but on
// the command line it could be meant as a cap that admits nothing.
const none = "none"

// Amount is a flag's value in micro-dollars: 0 for none, nil if the flag was not given. It is a
// pflag.Value.
type Amount struct{ Micros *int64 }

// Set parses an amount in USD, or none.
func (a *Amount) Set(text string) error {
	var usd settings.USD
	if text != none && (usd.UnmarshalText([]byte(text)) != nil || usd == 0) {
		return errors.New("expected an amount in USD such as 20 or 0.5, with at most six decimals, or none for no cap; takeup pause stops all submissions")
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

// Type returns the name of the value in the flag's help.
func (a *Amount) Type() string { return "USD" }

// Count is a flag's value that limits a number of videos: 0 for none, nil if the flag was not
// given. It is a pflag.Value.
type Count struct{ N *int64 }

// Set parses a number, or none.
func (p *Count) Set(text string) error {
	n, err := strconv.ParseUint(text, 10, 31)
	if text != none && (err != nil || n == 0) {
		return errors.New("expected a whole number of at least 1, or none for no cap; takeup pause stops all submissions")
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

// Type returns the name of the value in the flag's help.
func (p *Count) Type() string { return "number" }

// Deadline is a flag's value: a time in the future, or zero for none. It is a pflag.Value.
type Deadline struct {
	Given bool
	At    time.Time
}

// Set parses a day in UTC, a time, or reset for none.
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
	return errors.New("expected a day or a time such as 2026-12-01 or 2026-12-01T18:00:00Z, or reset for caps without an end")
}

func (d *Deadline) String() string {
	if d.At.IsZero() {
		return ""
	}
	return d.At.Format(time.RFC3339)
}

// Type returns the name of the value in the flag's help.
func (d *Deadline) Type() string { return "time" }

// Duration is a flag's value: a duration that may be given in days. It is a pflag.Value.
type Duration time.Duration

// Set parses a duration such as 12h, 30m or 3d.
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
	return errors.New("expected a duration such as 12h, 30m or 3d")
}

func (s *Duration) String() string {
	if *s == 0 {
		return ""
	}
	return time.Duration(*s).String()
}

// Type returns the name of the value in the flag's help.
func (s *Duration) Type() string { return "time" }
