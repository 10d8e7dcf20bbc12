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

// encode returns a request's body: the model and its parameters, under their own names.
// Fields that only Takeup's clients use are left out.
func encode(request video.Request) []byte { return request.Body() }

// generation is the reply to create and retrieve. Only id and status are certain. The
// other fields have had other shapes, and are read as far as possible.
type generation struct {
	ID     string          `json:"id"`
	Status json.RawMessage `json:"status"`
	Video  json.RawMessage `json:"video"`
	Error  json.RawMessage `json:"error"`
	Meta   json.RawMessage `json:"meta"`
}

// parseGeneration parses a reply to create or retrieve. An ID is enough: it may be the
// only trace of what was paid, and an unreadable status counts as an unknown word. The
// generation may be wrapped in another object.
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

// unwrap returns the generation in a reply. If the reply itself lacks an ID or a status,
// a member object that has both is the generation. Otherwise an ID is enough.
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

// readGeneration decodes a generation, and reports whether it has a usable ID.
func readGeneration(value json.RawMessage) (generation, bool) {
	var g generation
	err := json.Unmarshal(value, &g)
	return g, err == nil && validID(g.ID)
}

// fileURL returns the URL of the video. It is in an object, in the first object of a list
// (as in the omni models' descriptions), or a bare string.
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

// state maps the provider's word for a state, ignoring case, spaces, underscores and
// hyphens. Documented are queued, generating, completed and error; the others have been
// seen, or are common in such services. An unknown word means running: no generation is
// given up because of a new word.
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

// failure returns the words of an error, which is {name, message} today but has had
// other shapes.
func failure(value json.RawMessage) string {
	if isNull(value) {
		return "no reason was given"
	}
	return words(value)
}

// validID reports whether an ID from a reply can be stored and sent back: it has 1 to 200
// visible ASCII characters.
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
