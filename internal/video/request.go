package video

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// MaxRequestBytes is the size limit of a request, as JSON. It applies to every trigger, and
// leaves room within the 256 KiB that Step Functions accepts as input.
const MaxRequestBytes = 64 << 10

// Fields that are kept with the job and not sent to the provider.
const (
	ExternalID = "external_task_id" // the client's own name for the job
	Metadata   = "metadata"         // the client's own pairs of texts, by key
)

// Request is what a user asks for. It is valid for its model, has the defaults that decide
// the video's length and shape filled in, and has each value in its JSON type. Its JSON is
// canonical: equal requests have equal bytes. The zero Request is not valid;
// catalogue.Parse makes a valid one.
type Request struct {
	values map[string]any
}

// RequestOf returns a Request of values that were checked against their model: each a
// string, int, float64, bool, or a []any or map[string]any of those. Input from elsewhere
// goes through catalogue.Parse, which checks it.
func RequestOf(values map[string]any) Request { return Request{values: values} }

// Size returns the length of the request's canonical JSON in bytes.
func (r Request) Size() int { return len(r.canonical()) }

// Model returns the name of the request's model, as in the catalogue.
func (r Request) Model() string { s, _ := r.values["model"].(string); return s }

// Prompt returns the text to make a video of; empty if the request has a list of prompts.
func (r Request) Prompt() string { s, _ := r.values["prompt"].(string); return s }

// Duration returns the requested length of the video in seconds.
func (r Request) Duration() int { n, _ := r.values["duration"].(int); return n }

// Metadata returns a copy of the client's own pairs of texts; nil if there are none.
func (r Request) Metadata() map[string]string {
	written, _ := r.values[Metadata].(map[string]any)
	if len(written) == 0 {
		return nil
	}
	pairs := make(map[string]string, len(written))
	for key, value := range written {
		pairs[key], _ = value.(string)
	}
	return pairs
}

// Value returns the request's field with that name: a string, int, float64, bool, or a
// []any or map[string]any of those. It is false if the request omits the field. The value
// must not be changed.
func (r Request) Value(name string) (any, bool) { value, ok := r.values[name]; return value, ok }

// Names returns the names of the request's fields, sorted, including the model.
func (r Request) Names() []string {
	return slices.Sorted(maps.Keys(r.values))
}

// Redact removes the request's own texts from a message about it, so that no prompt gets
// into an error or a log through the provider's messages. It finds them verbatim, on one
// line, in JSON, and cut short at the end of the message.
func (r Request) Redact(words string) string {
	for _, name := range r.Names() {
		if name == "model" || name == ExternalID || name == Metadata {
			continue
		}
		for _, said := range texts(name, r.values[name]) {
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

// Hash identifies the request: equal requests have equal hashes, however they were written.
func (r Request) Hash() string {
	sum := sha256.Sum256(r.canonical())
	return hex.EncodeToString(sum[:])
}

// MarshalJSON returns the canonical JSON.
func (r Request) MarshalJSON() ([]byte, error) { return r.canonical(), nil }

// Body returns what is sent to the provider: the canonical JSON without the client's own
// fields.
func (r Request) Body() []byte {
	values := maps.Clone(r.values)
	delete(values, ExternalID)
	delete(values, Metadata)
	return Request{values: values}.canonical()
}

// UnmarshalJSON parses what MarshalJSON wrote, and checks nothing else: the record of a
// paid job stays readable when a model's limits change or a model is removed. Other input
// goes through catalogue.Parse.
func (r *Request) UnmarshalJSON(data []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var values map[string]any
	if err := decoder.Decode(&values); err != nil {
		return fmt.Errorf("reading a request: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("reading a request: more follows its JSON")
	}
	r.values, _ = plain(values).(map[string]any)
	return nil
}

// plain converts the numbers of decoded JSON to the types of a Request's values.
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

// canonical relies on encoding/json sorting a map's keys.
func (r Request) canonical() []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(r.values); err != nil {
		// Strings, numbers, booleans, and lists and maps of them can always be encoded.
		panic("video: a request that can't be encoded: " + err.Error())
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}

// String leaves the prompt out, however the request is printed.
func (r Request) String() string {
	return strings.TrimSpace(fmt.Sprintf("%s %ds", r.Model(), r.Duration()))
}
