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

// The most runes that are kept of the provider's words, and that are read of them.
const (
	maxWords = 500
	maxRead  = 8000
)

// words makes one short line of a JSON value of any shape, without what must not
// be stored or shown (see clean). Of an object it gives the words that it has for
// people, and the JSON where it has none.
func words(value json.RawMessage) string { return line(sentence(value, 4)) }

// line makes one short line of others' words.
func line(text string) string {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "")), " ")
	if len(text) > maxRead {
		// The last word may be a part of a secret that isn't known by it.
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

// sentence gives the words of a JSON value, looking so many levels into it.
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

// label gives the first of an object's members that is a text.
func label(object map[string]json.RawMessage, names ...string) string {
	for _, name := range names {
		var said string
		if json.Unmarshal(object[name], &said) == nil && said != "" {
			return said
		}
	}
	return ""
}

// first gives the words of the first of an object's members that has some.
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

// number is a number that may be written as a string.
type number float64

// UnmarshalJSON reads 7, 7.5 and "7".
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

// whole gives the number without its fraction, and 0 where it is below 0 or too
// large.
func (n number) whole() int64 {
	if n < 0 || n >= math.MaxInt64 {
		return 0
	}
	return int64(n)
}

// clean takes what must not be stored or shown out of others' words: the query,
// the fragment and the user of a URL, where signatures are, and what looks like a
// key or a token. It takes out too much rather than too little. The ids of
// generations stay: their parts are short.
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

// rules are made when words are cleaned for the first time: a start doesn't need
// them.
var rules = sync.OnceValue(func() []rule {
	return []rule{
		{regexp.MustCompile(`([a-zA-Z][a-zA-Z0-9+.-]*://)[^\s/?#@"'<>]*@`), "$1"},
		{regexp.MustCompile(`([a-zA-Z][a-zA-Z0-9+.-]*://[^\s?#"'<>\\]*)[?#][^\s"'<>]*`), "$1?[query]"},
		{regexp.MustCompile(`(?i)(authorization\\?["']?\s*[:=]\s*\\?["']?)(?:(?:basic|bearer|digest|token|key)\s+)?[^\s"',;&}\\\[]+`), "$1[key]"},
		{regexp.MustCompile(`(?i)\b(bearer)\s+(?:bearer\s+)*[A-Za-z0-9._~+/=-]{6,}`), "$1 [key]"},
		{regexp.MustCompile(`(?i)([a-z0-9_-]*(?:api[ _-]?key|access[ _-]?key|secret|token|password|passwd|signature|credential)[a-z0-9_-]*\\?["']?\s*[:=]\s*\\?["']?)[^\s"',;&}\\\[]+`), "$1[key]"},
		{regexp.MustCompile(`(?i)\b(key|sign?|auth)=[^\s"',;&}\\\[]+`), "$1=[key]"},
		// A JSON Web Token, and what begins as keys do.
		{regexp.MustCompile(`\beyJ[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*){1,2}`), "[key]"},
		{regexp.MustCompile(`\b(?:sk|pk|rk|key|api|aiml|ghp|gho|xox[a-z])[-_][A-Za-z0-9_-]{8,}`), "[key]"},
		{regexp.MustCompile(`\b[A-Za-z0-9_]{24,}\b`), "[key]"},
	}
})
