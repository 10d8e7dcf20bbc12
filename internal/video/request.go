package video

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/takeup/takeup/internal/video/fields"
)

// MaxRequestBytes is the size limit of a request, as JSON. It applies to every trigger, and
// leaves room within the 256 KiB that Step Functions accepts as input.
const MaxRequestBytes = 64 << 10

// Fields that are kept with the job and not sent to the provider.
const (
	ExternalID = "external_task_id" // the client's own name for the job
	Metadata   = "metadata"         // the client's own pairs of texts, by key
	Webhook    = "webhook"          // a URL that is told how the job ended
)

// Request is what a user asks for. It is valid for its model, has the defaults that decide
// the video's length and shape filled in, and has each value in its JSON type. Its JSON is
// canonical: equal requests have equal bytes. The zero Request is not valid;
// catalogue.Parse makes a valid one.
type Request struct {
	values fields.Fields
}

// RequestOf returns a Request of values that were checked against their model: each a
// string, int, float64, bool, or a []any or map[string]any of those. Input from elsewhere
// goes through catalogue.Parse, which checks it.
func RequestOf(values map[string]any) Request { return Request{values: values} }

// Size returns the length of the request's canonical JSON in bytes.
func (r Request) Size() int { return len(r.values.Canonical()) }

// Model returns the name of the request's model, as in the catalogue.
func (r Request) Model() string { s, _ := r.values["model"].(string); return s }

// Prompt returns the text to make a video of; empty if the request has a list of prompts.
func (r Request) Prompt() string { s, _ := r.values["prompt"].(string); return s }

// Text returns the request's prompt or, if it has a list of them, all of them.
func (r Request) Text() string { return r.values.Prompts() }

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
// into an error or a log through the provider's messages.
func (r Request) Redact(words string) string {
	return r.values.Redact(words, "model", ExternalID, Metadata, Webhook)
}

// Hash identifies the request: equal requests have equal hashes, however they were written.
func (r Request) Hash() string {
	sum := sha256.Sum256(r.marked().Canonical())
	return hex.EncodeToString(sum[:])
}

// MarshalJSON returns the canonical JSON, with a mark in place of the webhook's URL.
func (r Request) MarshalJSON() ([]byte, error) { return r.marked().Canonical(), nil }

// Body returns what is sent to the provider: the canonical JSON without the client's own
// fields.
func (r Request) Body() []byte {
	values := maps.Clone(r.values)
	delete(values, ExternalID)
	delete(values, Metadata)
	delete(values, Webhook)
	return values.Canonical()
}

// UnmarshalJSON parses what MarshalJSON or Whole wrote, and checks nothing else: the record of a
// paid job stays readable when a model's limits change or a model is removed. Other input
// goes through catalogue.Parse.
func (r *Request) UnmarshalJSON(data []byte) error {
	values, err := fields.Parse(data)
	if err != nil {
		return err
	}
	r.values = values
	return nil
}

// String leaves the prompt out, however the request is printed.
func (r Request) String() string {
	return strings.TrimSpace(fmt.Sprintf("%s %ds", r.Model(), r.Duration()))
}
