package fields

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// Redact removes the texts of the fields from a message, except those of the fields that may
// stay. It finds them verbatim, on one line, in JSON, and cut short at the end of the message.
func (f Fields) Redact(words string, stay ...string) string {
	for _, name := range slices.Sorted(maps.Keys(f)) {
		if slices.Contains(stay, name) {
			continue
		}
		for _, said := range texts(name, f[name]) {
			put := "[text of " + name + "]"
			for _, form := range []string{said, strings.Join(strings.Fields(said), " "), inJSON(said, true), inJSON(said, false)} {
				words = strings.ReplaceAll(words, form, put)
				words = redactEnd(words, form, put)
			}
		}
	}
	return words
}

// inJSON returns a text as JSON without the quotes around it.
func inJSON(s string, escapeHTML bool) string {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(escapeHTML)
	if err := encoder.Encode(s); err != nil {
		return s // a string can always be encoded
	}
	return strings.TrimSuffix(strings.TrimPrefix(strings.TrimSuffix(b.String(), "\n"), `"`), `"`)
}

// redactEnd removes the beginning of a text from the end of a message that was cut short
// there.
func redactEnd(words, said, put string) string {
	kept, cut := strings.CutSuffix(words, "…")
	if !cut {
		return words
	}
	for n := min(len(said), len(kept)); n > shortest; n-- {
		if strings.HasSuffix(kept, said[:n]) {
			return kept[:len(kept)-n] + put
		}
	}
	return words
}

// shortest is the length up to which a text may be common words.
const shortest = 8

// texts returns the texts in a field's value that are long enough not to be common words.
// In a field that isn't a prompt, a single word is most likely a value of the model's
// choosing.
func texts(name string, value any) []string {
	var found []string
	switch v := value.(type) {
	case string:
		if len(v) > shortest && (strings.HasSuffix(name, "prompt") || strings.ContainsAny(v, " \t\n")) {
			found = append(found, v)
		}
	case []any:
		for _, item := range v {
			found = append(found, texts(name, item)...)
		}
	case map[string]any:
		found = texts("prompt", v["prompt"])
	}
	return found
}
