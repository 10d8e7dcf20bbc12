package video

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/takeup/takeup/internal/text"
)

// MaxRequestBytes is the most that a request may be, as JSON. It holds for every
// trigger, and leaves room in the 256 KiB that Step Functions takes as input.
const MaxRequestBytes = 64 << 10

// Request is what a person asks for: valid for its model, with the defaults that
// decide the video's length and shape filled in, and each value of its JSON
// type. Its JSON is canonical: equal requests have equal bytes. The zero Request
// is not valid; ParseRequest makes one.
type Request struct {
	values map[string]any
}

// ParseRequest reads a request object in UTF-8. It takes what the provider takes
// for the same thing: "ratio" for "aspect_ratio", a number written as a string,
// null for a field left out. The model may be left out, and each U+FEFF is dropped.
// What can't be sent is refused with an *InvalidRequest that lists every wrong
// field at once.
//
// The request may be MaxRequestBytes long at most in its canonical form, however
// long data is: Step Functions writes the input of an execution anew, and escapes
// of characters are up to six times as long.
func ParseRequest(data []byte) (Request, error) {
	d, err := readDraft(data)
	if err != nil {
		return Request{}, err
	}
	return d.Request()
}

// Draft is a request object as it was written, its values not yet checked.
type Draft struct {
	// Fields are the object's, decoded from JSON, with numbers as
	// json.Number; they can be changed.
	Fields map[string]any
	faults []FieldError // what only the JSON's own text shows
}

// ReadDraft reads a request object as far as can be done without its model. Its
// error is an *InvalidRequest: the data is too large, not UTF-8, not JSON or no
// object.
func ReadDraft(data []byte) (Draft, error) {
	if err := fits(data); err != nil {
		return Draft{}, err
	}
	return readDraft(data)
}

func readDraft(data []byte) (Draft, error) {
	s, err := text.Decode(data)
	if err != nil {
		return Draft{}, invalid("", "the request "+err.Error())
	}
	fields, faults, err := text.Object(s)
	var other *text.NotObject
	if errors.As(err, &other) {
		return Draft{}, invalid("", "the request "+err.Error()+`; it takes one such as {"prompt": "a paper boat crosses a flooded street"}`)
	}
	if err != nil {
		return Draft{}, invalid("", "the request "+err.Error())
	}
	return DraftOf(fields, faults), nil
}

// DraftOf makes a Draft of a request object that text.Object gave.
func DraftOf(fields map[string]any, faults []text.Fault) Draft {
	d := Draft{Fields: fields}
	for _, f := range faults {
		d.faults = append(d.faults, FieldError{Field: shown(f.Path), Message: f.Message})
	}
	return d
}

// Request checks the draft against its model.
func (d Draft) Request() (Request, error) {
	values, wrong := validate(d.Fields)
	// A fault of the JSON's text says more than what became of it.
	wrong = slices.DeleteFunc(wrong, func(f FieldError) bool {
		return slices.ContainsFunc(d.faults, func(fault FieldError) bool { return fault.Field == f.Field })
	})
	if wrong = limited(append(slices.Clone(d.faults), wrong...)); len(wrong) > 0 {
		return Request{}, &InvalidRequest{Fields: wrong}
	}
	r := Request{values: values}
	if n := len(r.canonical()); n > MaxRequestBytes {
		return Request{}, invalid("", fmt.Sprintf("the request is %d bytes as JSON; at most %d are taken", n, MaxRequestBytes))
	}
	return r, nil
}

// NewRequest is ParseRequest for a prompt alone, with the default model.
func NewRequest(prompt string) (Request, error) {
	return Draft{Fields: map[string]any{"prompt": prompt}}.Request()
}

// ReadPrompt reads the bytes of a text file as one prompt, without the end of its
// last line, which editors write. Its error is an *InvalidRequest: the data is too
// large or not UTF-8.
func ReadPrompt(data []byte) (string, error) {
	if err := fits(data); err != nil {
		return "", err
	}
	prompt, err := text.Decode(data)
	if err != nil {
		return "", invalid("prompt", err.Error())
	}
	return strings.TrimSuffix(strings.TrimSuffix(prompt, "\n"), "\r"), nil
}

func fits(data []byte) error {
	if len(data) <= MaxRequestBytes {
		return nil
	}
	return invalid("", fmt.Sprintf("the request is %d bytes; at most %d are taken", len(data), MaxRequestBytes))
}

func invalid(field, message string) *InvalidRequest {
	return &InvalidRequest{Fields: []FieldError{{Field: field, Message: message}}}
}

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
	for _, name := range []string{"prompt", "negative_prompt", "multi_prompt"} {
		for _, said := range texts(r.values[name]) {
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

// texts gives the texts in a value that are long enough to be told from common
// words.
func texts(value any) []string {
	var found []string
	switch v := value.(type) {
	case string:
		if len(v) > shortest {
			found = append(found, v)
		}
	case []any:
		for _, item := range v {
			found = append(found, texts(item)...)
		}
	case map[string]any:
		found = texts(v["prompt"])
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
	delete(values, externalID)
	return Request{values: values}.canonical()
}

// UnmarshalJSON reads back what MarshalJSON wrote, and checks nothing else: a
// paid job's record stays readable when a model's limits change or a model goes.
// What others wrote goes through ParseRequest.
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
		// those, made by validate: they always encode.
		panic("video: a request that can't be encoded: " + err.Error())
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}

// String leaves the prompt out, whatever prints the request.
func (r Request) String() string {
	return strings.TrimSpace(fmt.Sprintf("%s %ds", r.Model(), r.Duration()))
}
