// Package fields has what a request consists of: the fields of a JSON object, with each value in
// its type. It knows no model.
package fields

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Fields are the fields of a request, by name. Each is a string, int, float64, bool, or a []any or
// map[string]any of those.
type Fields map[string]any

// Parse parses what Canonical wrote.
func Parse(data []byte) (Fields, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var values map[string]any
	if err := decoder.Decode(&values); err != nil {
		return nil, fmt.Errorf("reading a request: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("reading a request: more follows its JSON")
	}
	values, _ = plain(values).(map[string]any)
	return values, nil
}

// plain converts the numbers of decoded JSON to the types of Fields.
func plain(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := strconv.Atoi(v.String()); err == nil {
			return n
		}
		f, _ := v.Float64()
		return f
	case map[string]any:
		for name := range v {
			v[name] = plain(v[name])
		}
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
	}
	return v
}

// Canonical returns the JSON of the fields: equal fields have equal bytes, since encoding/json
// sorts the keys of a map.
func (f Fields) Canonical() []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(map[string]any(f)); err != nil {
		// Strings, numbers, booleans, and lists and maps of them can always be encoded.
		panic("fields: a request that can't be encoded: " + err.Error())
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}

// Replaced returns the fields with another text in place of that of one field, if it has one.
func (f Fields) Replaced(name string, by func(string) string) Fields {
	text, ok := f[name].(string)
	if !ok {
		return f
	}
	changed := maps.Clone(f)
	changed[name] = by(text)
	return changed
}

// Prompts returns the prompt or, if there is a list of them, all of them.
func (f Fields) Prompts() string {
	if prompt, _ := f["prompt"].(string); prompt != "" {
		return prompt
	}
	var prompts []string
	shots, _ := f["multi_prompt"].([]any)
	for _, shot := range shots {
		if fields, ok := shot.(map[string]any); ok {
			shot = fields["prompt"]
		}
		if prompt, ok := shot.(string); ok {
			prompts = append(prompts, prompt)
		}
	}
	return strings.Join(prompts, " / ")
}

// Outline returns the fields that can't have a text of the owner's: the model, the shape of the
// video, numbers and booleans.
func (f Fields) Outline() Fields {
	if f == nil {
		return nil
	}
	kept := Fields{}
	for name, value := range f {
		switch value.(type) {
		case int, float64, bool:
			kept[name] = value
		case string:
			// Any other field may contain a text of the owner's.
			if slices.Contains([]string{"model", "aspect_ratio", "ratio", "resolution"}, name) {
				kept[name] = value
			}
		}
	}
	return kept
}
