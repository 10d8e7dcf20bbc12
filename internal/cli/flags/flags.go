// Package flags has the types of the flags' values, such as amounts, times and durations, and
// the flags that several commands share.
package flags

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// JSON adds the flag --json.
func JSON(cmd *cobra.Command, to *bool) {
	cmd.Flags().BoolVar(to, "json", false, "print JSON, as docs/cli.md describes it")
}

// Complete makes the shell complete a flag with these values. The flag must exist.
func Complete(cmd *cobra.Command, flag string, values []string) {
	// It fails if there is no such flag, or if it has values already. Either is a mistake in the
	// code that shows in every run.
	if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic("takeup: " + err.Error())
	}
}

// Pairs is a flag's value: pairs of a key and a value, each given as one flag. It is a pflag.Value.
type Pairs struct{ pairs map[string]string }

// Map returns the values by key; nil if the flag was not given.
func (p *Pairs) Map() map[string]string { return p.pairs }

// Set parses one pair.
func (p *Pairs) Set(text string) error {
	key, value, ok := strings.Cut(text, "=")
	if _, twice := p.pairs[key]; !ok || key == "" || twice {
		return errors.New("expected key=value, and each key once")
	}
	if p.pairs == nil {
		p.pairs = map[string]string{}
	}
	p.pairs[key] = value
	return nil
}

func (p *Pairs) String() string {
	var written []string
	for _, key := range slices.Sorted(maps.Keys(p.pairs)) {
		written = append(written, key+"="+p.pairs[key])
	}
	return strings.Join(written, " ")
}

// Type returns the name of the value in the flag's help.
func (p *Pairs) Type() string { return "key=value" }

// Moment is a flag's value: a time, or how long ago it was. It is a pflag.Value.
type Moment struct {
	text string
	ago  time.Duration
	at   time.Time
}

// Time returns the time, or zero if the flag was not given.
func (m Moment) Time(now time.Time) time.Time {
	if m.ago > 0 {
		return now.Add(-m.ago)
	}
	return m.at
}

// Set parses a duration such as 48h or 30d, a day in UTC, or a time.
func (m *Moment) Set(text string) error {
	*m = Moment{text: text}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		if err == nil && n > 0 {
			m.ago = time.Duration(n) * 24 * time.Hour
			return nil
		}
	}
	if ago, err := time.ParseDuration(text); err == nil && ago > 0 {
		m.ago = ago
		return nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if at, err := time.Parse(layout, text); err == nil {
			m.at = at
			return nil
		}
	}
	return errors.New("expected a time such as 48h, 30d, 2026-08-21 or 2026-08-21T12:00:00Z")
}

func (m *Moment) String() string { return m.text }

// Type returns the name of the value in the flag's help.
func (m *Moment) Type() string { return "time" }
