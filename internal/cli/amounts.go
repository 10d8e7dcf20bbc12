package cli

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

// amount is a flag's value: micro-dollars; 0 for none, nil where it wasn't given. It is
// a pflag.Value.
type amount struct{ micros *int64 }

// Set reads an amount in USD, or none.
func (a *amount) Set(text string) error {
	var usd settings.USD
	if text != none && (usd.UnmarshalText([]byte(text)) != nil || usd == 0) {
		return errors.New("it takes an amount in USD such as 20 or 0.5, with at most six decimals, or none for no cap; takeup pause has all jobs wait")
	}
	a.micros = new(int64(usd))
	return nil
}

func (a *amount) String() string {
	switch {
	case a.micros == nil:
		return ""
	case *a.micros == 0:
		return none
	}
	return string(price.Micros(*a.micros).USD())
}

// Type is what the flag's help calls the value.
func (a *amount) Type() string { return "USD" }

// places is a flag's value: a number of videos; 0 for none, nil where it wasn't given.
// It is a pflag.Value.
type places struct{ count *int64 }

// Set reads a number, or none.
func (p *places) Set(text string) error {
	n, err := strconv.ParseUint(text, 10, 31)
	if text != none && (err != nil || n == 0) {
		return errors.New("it takes a whole number from 1 on, or none for no cap; takeup pause has all jobs wait")
	}
	p.count = new(int64(n))
	return nil
}

func (p *places) String() string {
	switch {
	case p.count == nil:
		return ""
	case *p.count == 0:
		return none
	}
	return strconv.FormatInt(*p.count, 10)
}

// Type is what the flag's help calls the value.
func (p *places) Type() string { return "number" }

// deadline is a flag's value: a time to come; zero for none. It is a pflag.Value.
type deadline struct {
	set bool
	at  time.Time
}

// Set reads a day in UTC, a time, or reset for none.
func (d *deadline) Set(text string) error {
	if text == "reset" {
		*d = deadline{set: true}
		return nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if at, err := time.Parse(layout, text); err == nil {
			*d = deadline{set: true, at: at}
			return nil
		}
	}
	return errors.New("it takes a day or a time such as 2026-12-01 or 2026-12-01T18:00:00Z, or reset for caps that don't end by themselves")
}

func (d *deadline) String() string {
	if d.at.IsZero() {
		return ""
	}
	return d.at.Format(time.RFC3339)
}

// Type is what the flag's help calls the value.
func (d *deadline) Type() string { return "time" }

// span is a flag's value: how long. It is a pflag.Value.
type span time.Duration

// Set reads 12h, 30m or 3d.
func (s *span) Set(text string) error {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.ParseUint(days, 10, 12); err == nil && n > 0 {
			*s = span(time.Duration(n) * 24 * time.Hour)
			return nil
		}
	}
	if d, err := time.ParseDuration(text); err == nil && d > 0 {
		*s = span(d)
		return nil
	}
	return errors.New("it takes a time such as 12h, 30m or 3d")
}

func (s *span) String() string {
	if *s == 0 {
		return ""
	}
	return time.Duration(*s).String()
}

// Type is what the flag's help calls the value.
func (s *span) Type() string { return "time" }
