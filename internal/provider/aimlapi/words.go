package aimlapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// Limits on the provider's words: the runes kept, and the bytes examined.
const (
	maxWords = 500
	maxRead  = 8000
)

// words returns a JSON value of any shape as one short line, without what must not be
// stored or shown (see clean). An object yields its human-readable words, or its JSON
// if it has none.
func words(value json.RawMessage) string { return line(sentence(value, 4)) }

// line returns text written by others as one short line.
func line(text string) string {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "")), " ")
	if len(text) > maxRead {
		// The last word may be part of a secret, and too short to be recognized as one.
		text, _, _ = cutLast(strings.ToValidUTF8(text[:maxRead], ""), " ")
	}
	text = clean(text)
	if runes := []rune(text); len(runes) > maxWords {
		text = string(runes[:maxWords]) + "…"
	}
	return text
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// sentence returns the words of a JSON value, descending at most levels deep.
func sentence(value json.RawMessage, levels int) string {
	var text string
	var list []json.RawMessage
	var object map[string]json.RawMessage
	switch {
	case isNull(value):
		return ""
	case json.Unmarshal(value, &text) == nil:
		return text
	case levels > 0 && json.Unmarshal(value, &list) == nil:
		said := make([]string, 0, len(list))
		for _, item := range list {
			if s := sentence(item, levels-1); s != "" {
				said = append(said, s)
			}
		}
		return strings.Join(said, "; ")
	case levels > 0 && json.Unmarshal(value, &object) == nil:
		name := label(object, "name", "type", "title", "code")
		message := first(object, levels-1, "message", "detail", "details", "description", "reason", "msg", "error", "errors")
		switch {
		case message != "" && name != "":
			return name + ": " + message
		case message != "":
			return message
		}
	}
	return string(value)
}

// label returns the first of the named members that is a string.
func label(object map[string]json.RawMessage, names ...string) string {
	for _, name := range names {
		var said string
		if json.Unmarshal(object[name], &said) == nil && said != "" {
			return said
		}
	}
	return ""
}

// first returns the words of the first of the named members that has any.
func first(object map[string]json.RawMessage, levels int, names ...string) string {
	for _, name := range names {
		if said := sentence(object[name], levels); said != "" {
			return said
		}
	}
	return ""
}

func isNull(value json.RawMessage) bool {
	return len(value) == 0 || string(bytes.TrimSpace(value)) == "null"
}

// number is a number that may be encoded as a string.
type number float64

// UnmarshalJSON accepts 7, 7.5 and "7".
func (n *number) UnmarshalJSON(data []byte) error {
	text := string(data)
	var quoted string
	if json.Unmarshal(data, &quoted) == nil {
		text = strings.TrimSpace(quoted)
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return fmt.Errorf("%.20q is not a number", text)
	}
	*n = number(f)
	return nil
}

// whole truncates the number. It returns 0 if the number is negative or too large.
func (n number) whole() int64 {
	if n < 0 || n >= math.MaxInt64 {
		return 0
	}
	return int64(n)
}

// clean removes from text what must not be stored or shown: a URL's query, fragment and
// user, where signatures are, and anything that looks like a key or a token. It removes
// too much rather than too little. Generation IDs survive, because their parts are short.
func clean(text string) string {
	for _, rule := range rules() {
		text = rule.find.ReplaceAllString(text, rule.put)
	}
	return text
}

type rule struct {
	find *regexp.Regexp
	put  string
}

// rules are compiled on first use, to keep cold starts fast.
var rules = sync.OnceValue(func() []rule {
	return []rule{
		{regexp.MustCompile(`([a-zA-Z][a-zA-Z0-9+.-]*://)[^\s/?#@"'<>]*@`), "$1"},
		{regexp.MustCompile(`([a-zA-Z][a-zA-Z0-9+.-]*://[^\s?#"'<>\\]*)[?#][^\s"'<>]*`), "$1?[query]"},
		{regexp.MustCompile(`(?i)(authorization\\?["']?\s*[:=]\s*\\?["']?)(?:(?:basic|bearer|digest|token|key)\s+)?[^\s"',;&}\\\[]+`), "$1[key]"},
		{regexp.MustCompile(`(?i)\b(bearer)\s+(?:bearer\s+)*[A-Za-z0-9._~+/=-]{6,}`), "$1 [key]"},
		{regexp.MustCompile(`(?i)([a-z0-9_-]*(?:api[ _-]?key|access[ _-]?key|secret|token|password|passwd|signature|credential)[a-z0-9_-]*\\?["']?\s*[:=]\s*\\?["']?)[^\s"',;&}\\\[]+`), "$1[key]"},
		{regexp.MustCompile(`(?i)\b(key|sign?|auth)=[^\s"',;&}\\\[]+`), "$1=[key]"},
		// A JSON Web Token, and text that begins as keys do.
		{regexp.MustCompile(`\beyJ[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*){1,2}`), "[key]"},
		{regexp.MustCompile(`\b(?:sk|pk|rk|key|api|aiml|ghp|gho|xox[a-z])[-_][A-Za-z0-9_-]{8,}`), "[key]"},
		{regexp.MustCompile(`\b[A-Za-z0-9_]{24,}\b`), "[key]"},
	}
})
