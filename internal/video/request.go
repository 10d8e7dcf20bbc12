package video

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// MaxRequestBytes is the most that a request may be, as JSON. It holds for every
// trigger, and leaves room in the 256 KiB that Step Functions takes as input.
const MaxRequestBytes = 64 << 10

// ExternalID is a field that is kept with the job and not sent to the provider.
const ExternalID = "external_task_id"

// Request is what a person asks for: valid for its model, with the defaults that
// decide the video's length and shape filled in, and each value of its JSON
// type. Its JSON is canonical: equal requests have equal bytes. The zero Request
// is not valid; catalogue.Parse makes one.
type Request struct {
	values map[string]any
}

// RequestOf makes a Request of values that were checked against their model: a
// string, an int, a float64, a bool, a []any or a map[string]any of those for each
// field. catalogue.Parse has them; what others wrote goes through it.
func RequestOf(values map[string]any) Request { return Request{values: values} }

// Size is the length of the request's canonical JSON in bytes.
func (r Request) Size() int { return len(r.canonical()) }

// Model is the name of the request's model, as the catalogue has it.
func (r Request) Model() string { s, _ := r.values["model"].(string); return s }

// Prompt is the text that is to be made into a video; empty where the request
// has a list of them.
func (r Request) Prompt() string { s, _ := r.values["prompt"].(string); return s }

// Duration is the asked length of the video in seconds.
func (r Request) Duration() int { n, _ := r.values["duration"].(int); return n }

// Value gives the request's field of that name: a string, an int, a float64, a
// bool, a []any or a map[string]any of those. It is false where the request leaves
// the field out. What it gives must not be changed.
func (r Request) Value(name string) (any, bool) { value, ok := r.values[name]; return value, ok }

// Names lists the fields that the request has, the model among them, in
// order.
func (r Request) Names() []string {
	return slices.Sorted(maps.Keys(r.values))
}

// Redact takes the request's own texts out of what somebody said of it, so that
// no prompt gets into an error or a log by way of the provider's words: as they
// are, on one line, as JSON has them, and cut short at the end of the words.
func (r Request) Redact(words string) string {
	for _, name := range r.Names() {
		if name == "model" || name == ExternalID {
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

// inJSON is a text as JSON has it between its quotes.
func inJSON(s string, escapeHTML bool) string {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(escapeHTML)
	if err := encoder.Encode(s); err != nil {
		return s // a string always encodes
	}
	return strings.TrimSuffix(strings.TrimPrefix(strings.TrimSuffix(b.String(), "\n"), `"`), `"`)
}

// redactEnd takes the beginning of a text off the end of words that were cut short
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

// shortest is the length that a text exceeds to be told from common words.
const shortest = 8

// texts gives the texts in a field's value that are long enough to be told from common
// words. In a field that is no prompt one word is most likely a choice of the model's.
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

// Hash tells requests apart: equal requests have equal hashes, however they were
// written.
func (r Request) Hash() string {
	sum := sha256.Sum256(r.canonical())
	return hex.EncodeToString(sum[:])
}

// MarshalJSON gives the canonical JSON.
func (r Request) MarshalJSON() ([]byte, error) { return r.canonical(), nil }

// Body is what the provider is sent: the canonical JSON without what is the
// client's own.
func (r Request) Body() []byte {
	values := maps.Clone(r.values)
	delete(values, ExternalID)
	return Request{values: values}.canonical()
}

// UnmarshalJSON reads back what MarshalJSON wrote, and checks nothing else: a
// paid job's record stays readable when a model's limits change or a model goes.
// What others wrote goes through catalogue.Parse.
func (r *Request) UnmarshalJSON(data []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var values map[string]any
	if err := decoder.Decode(&values); err != nil {
		return fmt.Errorf("reading a request: %w", err)
	}
	r.values, _ = plain(values).(map[string]any)
	return nil
}

// plain turns the numbers of decoded JSON into those that validate makes.
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

// canonical relies on encoding/json writing a map's keys in order.
func (r Request) canonical() []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(r.values); err != nil {
		// The values are strings, numbers, booleans and lists and maps of
		// those: they always encode.
		panic("video: a request that can't be encoded: " + err.Error())
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}

// String leaves the prompt out, whatever prints the request.
func (r Request) String() string {
	return strings.TrimSpace(fmt.Sprintf("%s %ds", r.Model(), r.Duration()))
}
