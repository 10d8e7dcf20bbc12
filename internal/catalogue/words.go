package catalogue

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/takeup/takeup/internal/text"
)

// takes says in words what a parameter accepts.
func (p Parameter) takes() string {
	switch {
	case len(p.Allowed) == 1:
		return p.Allowed[0] + " alone"
	case len(p.Allowed) > 0:
		return alternatives(p.Allowed)
	case p.Kind == Integer && !p.bounded():
		return "a whole number"
	case p.Kind == Integer:
		return fmt.Sprintf("a whole number from %g to %g", p.Min, p.Max)
	case p.Kind == Number:
		return fmt.Sprintf("a number from %g to %g", p.Min, p.Max)
	case p.Kind == Boolean:
		return "true or false"
	case p.Member != nil:
		return fmt.Sprintf("an object of at most %d members, each %s", p.MaxItems, p.Member.takes())
	case p.Kind == Object:
		var names []string
		for _, f := range p.Fields {
			names = append(names, f.Name)
		}
		return "an object with " + strings.Join(names, " and ")
	case p.Kind == List && p.MaxItems > 0:
		return fmt.Sprintf("a list of 1 to %d, each %s", p.MaxItems, p.Item.takes())
	case p.Kind == List:
		return "a list of at least one, each " + p.Item.takes()
	case p.MaxLength > 0:
		return fmt.Sprintf("a text of at most %d characters", p.MaxLength)
	}
	return "a text"
}

// describe formats a wrong value for a message: scalars as they are, others by type. A text
// in place of a list or an object is most likely a prompt, which no message repeats.
func (p Parameter) describe(given any) string {
	switch v := given.(type) {
	case string:
		if p.Kind == List || p.Kind == Object {
			return "a text"
		}
		return quote(v)
	case json.Number:
		return clip(v.String())
	case bool:
		return strconv.FormatBool(v)
	case []any:
		return fmt.Sprintf("a list of %d", len(v))
	}
	return "an object"
}

// shown formats a field name from an untrusted client.
func shown(name string) string { return clip(text.Printable(name)) }

func quote(s string) string { return strconv.Quote(clip(s)) }

// clip keeps untrusted text from filling a message.
func clip(s string) string {
	if utf8.RuneCountInString(s) <= 60 {
		return s
	}
	return string([]rune(s)[:60]) + "…"
}

// Suggest returns the word that was most likely meant, as " (did you mean prompt?)"; empty
// if none is close enough.
func Suggest(given string, words []string) string {
	best, least := "", len(given)/3+1
	if len(given) > 100 || strings.IndexFunc(given, unicode.IsLetter) < 0 {
		return "" // a number isn't a misspelling of a similar one
	}
	for _, w := range words {
		if d := distance(strings.ToLower(given), w); d <= least {
			best, least = w, d-1
		}
	}
	if best == "" {
		return ""
	}
	return " (did you mean " + best + "?)"
}

// distance returns the number of single-byte edits between two words.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// alternatives formats words as "a, b or c".
func alternatives(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}
