// Package term prints for people and for programs: texts in words and of a terminal's
// width, and JSON. Nothing that it prints moves the cursor or turns the order of
// characters around, whoever wrote it.
package term

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/mattn/go-runewidth"

	"github.com/takeup/takeup/internal/text"
)

// ShellQuote gives a word as a POSIX shell reads it.
func ShellQuote(word string) string {
	if word != "" && strings.IndexFunc(word, func(r rune) bool {
		return !strings.ContainsRune("-_./:=@,+%", r) && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

func Dash(word string) string {
	if word == "" {
		return "-"
	}
	return word
}

func Bytes(n int64) string {
	switch {
	case n >= 1_000_000:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	case n >= 1000:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%d bytes", n)
}

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

// Plain makes one line of what others wrote.
func Plain(said string) string {
	return strings.Join(strings.Fields(text.Printable(said)), " ")
}

// Clip keeps a text to n characters.
func Clip(text string, n int) string {
	if runes := []rune(text); len(runes) > n {
		return string(runes[:n-1]) + "…"
	}
	return text
}

// Wrap prints words in lines of the width that is given, or in one with 0: the
// first behind one indent, and the rest behind another.
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

// Gap is between two columns, and before a line that goes on.
const Gap = "  "

func OrEmpty(s *string) string { return aws.ToString(s) }
