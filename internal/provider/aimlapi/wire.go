package aimlapi

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/video"
)

// encode writes a request as the provider takes it: its model and the model's parameters,
// under their own names. What the client's own is stays here.
func encode(request video.Request) []byte { return request.Body() }

// generation is the reply to create and retrieve. Only id and status are
// certain; the rest has had other shapes, and is read as far as it can be.
type generation struct {
	ID     string          `json:"id"`
	Status json.RawMessage `json:"status"`
	Video  json.RawMessage `json:"video"`
	Error  json.RawMessage `json:"error"`
	Meta   json.RawMessage `json:"meta"`
}

// parseGeneration reads a reply to create or retrieve. An id is enough: it may
// be the only trace of what was paid, and a status that can't be read is a word
// that isn't known. The generation may be in one more object.
func parseGeneration(body []byte) (provider.Generation, error) {
	g, err := unwrap(body)
	if err != nil {
		return provider.Generation{}, err
	}
	word := words(g.Status)
	out := provider.Generation{ID: g.ID, State: state(word), Word: word, URL: fileURL(g.Video)}
	if out.State == provider.Failed {
		out.Failure = failure(g.Error)
	}
	var meta struct {
		Usage struct {
			CreditsUsed number `json:"credits_used"`
		} `json:"usage"`
	}
	if json.Unmarshal(g.Meta, &meta) == nil {
		out.Micros = MicrosOfCredits(meta.Usage.CreditsUsed.whole())
	}
	return out, nil
}

// unwrap gives the generation of a reply. Where the reply itself has no id or no
// status, and one of its members that is an object has both, that is it; else an
// id is enough.
func unwrap(body []byte) (generation, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil || members == nil {
		return generation{}, fmt.Errorf("the answer is not the JSON of a generation")
	}
	outer, usable := readGeneration(body)
	if usable && !isNull(outer.Status) {
		return outer, nil
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		switch name {
		case "video", "error", "meta":
			continue
		}
		if inner, ok := readGeneration(members[name]); ok && !isNull(inner.Status) {
			return inner, nil
		}
	}
	if !usable {
		return generation{}, fmt.Errorf("the answer has no usable id")
	}
	return outer, nil
}

// readGeneration reads what has a usable id.
func readGeneration(value json.RawMessage) (generation, bool) {
	var g generation
	err := json.Unmarshal(value, &g)
	return g, err == nil && validID(g.ID)
}

// fileURL gives the URL of the video: it is in an object, or in the first object
// of a list, as the omni models' descriptions have it too, or alone.
func fileURL(value json.RawMessage) string {
	type file struct {
		URL string `json:"url"`
	}
	var one file
	if json.Unmarshal(value, &one) == nil {
		return one.URL
	}
	var alone string
	if json.Unmarshal(value, &alone) == nil {
		return alone
	}
	var many []file
	if json.Unmarshal(value, &many) == nil && len(many) > 0 {
		return many[0].URL
	}
	return ""
}

// state reads the provider's word for a generation's state, in any case and with
// any blanks, underscores and hyphens. Documented are queued, generating, completed
// and error; the others have been seen, or are what such services say. A word that
// is not known keeps the generation running: nothing is given up for a new word.
func state(word string) provider.State {
	letters := strings.FieldsFunc(strings.ToLower(word), func(r rune) bool { return unicode.IsSpace(r) || r == '_' || r == '-' })
	switch strings.Join(letters, "") {
	case "completed", "complete", "succeeded", "succeed", "success", "finished":
		return provider.Finished
	case "error", "errored", "failed", "failure", "fail", "expired", "cancelled", "canceled", "aborted", "rejected", "timeout", "timedout":
		return provider.Failed
	}
	return provider.Running
}

// failure makes words of an error, which is {name, message} today and has been
// of any shape.
func failure(value json.RawMessage) string {
	if isNull(value) {
		return "no reason was given"
	}
	return words(value)
}

// validID holds an id that others wrote to what can be stored and sent again: 1
// to 200 visible ASCII characters.
func validID(id string) bool {
	if len(id) < 1 || len(id) > 200 {
		return false
	}
	for _, c := range []byte(id) {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return true
}
