// Package term formats output for terminals and for programs: quantities in words, text wrapped
// to a width, and JSON. It replaces control characters in text from outside.
package term

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/mattn/go-runewidth"

	"github.com/takeup/takeup/internal/text"
)

// ShellQuote quotes a word for a POSIX shell, if it needs quoting.
func ShellQuote(word string) string {
	if word != "" && strings.IndexFunc(word, func(r rune) bool {
		return !strings.ContainsRune("-_./:=@,+%", r) && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// Dash returns a dash for an empty word, and any other word unchanged.
func Dash(word string) string {
	if word == "" {
		return "-"
	}
	return word
}

// Bytes formats a number of bytes with a decimal unit.
func Bytes(n int64) string {
	switch {
	case n >= 1_000_000:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	case n >= 1000:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%d bytes", n)
}

// Seconds formats a duration in seconds, or in minutes and seconds from two minutes on.
func Seconds(d time.Duration) string {
	if d < 2*time.Minute {
		return fmt.Sprintf("%d s", int(d.Seconds()))
	}
	minutes, seconds := int(d.Minutes()), int(d.Seconds())%60
	if seconds == 0 {
		return fmt.Sprintf("%d min", minutes)
	}
	return fmt.Sprintf("%d min %d s", minutes, seconds)
}

// Span formats a duration that may be days.
func Span(d time.Duration) string {
	switch d = d.Round(time.Second); {
	case d < time.Hour:
		return Seconds(d)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%d days", int(math.Ceil(d.Hours()/24)))
}

// Count formats a number with the word for one thing or for many.
func Count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// Plain returns text from outside in a form that is safe to print on one line.
func Plain(s string) string {
	return strings.Join(strings.Fields(text.Printable(s)), " ")
}

// Clip shortens a text to n characters.
func Clip(text string, n int) string {
	if runes := []rune(text); len(runes) > n {
		return string(runes[:n-1]) + "…"
	}
	return text
}

// Wrap prints a text in lines of at most width columns, or in one line if width is 0. The first
// line is indented by indent, and the others by rest.
func Wrap(out io.Writer, width int, indent, rest, text string) {
	line := indent
	for i, word := range strings.Fields(text) {
		switch {
		case i == 0:
			line += word
		case width > 0 && runewidth.StringWidth(line+" "+word) > width:
			fmt.Fprintln(out, line)
			line = rest + word
		default:
			line += " " + word
		}
	}
	fmt.Fprintln(out, line)
}

// Gap separates two columns, and indents continued lines.
const Gap = "  "

// OrEmpty returns the string that s points to, or "" for nil.
func OrEmpty(s *string) string { return aws.ToString(s) }
