package aimlapi

import (
	"encoding/json"
	"fmt"
	"math"

	"github.com/takeup/takeup/internal/video"
)

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
// that isn't known.
func parseGeneration(body []byte) (video.Generation, error) {
	var g generation
	if err := json.Unmarshal(body, &g); err != nil {
		return video.Generation{}, fmt.Errorf("the answer is not the JSON of a generation")
	}
	if !validID(g.ID) {
		return video.Generation{}, fmt.Errorf("the answer has no usable id")
	}
	word := words(g.Status)
	out := video.Generation{ID: g.ID, State: state(word), Word: word, URL: fileURL(g.Video)}
	if out.State == video.Failed {
		out.Failure = failure(g.Error)
	}
	var meta struct {
		Usage struct {
			CreditsUsed float64 `json:"credits_used"`
		} `json:"usage"`
	}
	if json.Unmarshal(g.Meta, &meta) == nil && meta.Usage.CreditsUsed > 0 && meta.Usage.CreditsUsed < math.MaxInt64 {
		out.Credits = int64(meta.Usage.CreditsUsed)
	}
	return out, nil
}

// fileURL gives the URL of the video: it is in an object, or in the first object
// of a list, as the omni models' descriptions have it too.
func fileURL(value json.RawMessage) string {
	type file struct {
		URL string `json:"url"`
	}
	var one file
	if json.Unmarshal(value, &one) == nil {
		return one.URL
	}
	var many []file
	if json.Unmarshal(value, &many) == nil && len(many) > 0 {
		return many[0].URL
	}
	return ""
}

// state reads the provider's word for a generation's state. Documented are
// queued, generating, completed and error; the others have been seen. A word
// that is not known keeps the generation running: nothing is given up for a new
// word.
func state(word string) video.GenerationState {
	switch word {
	case "completed", "succeeded":
		return video.Finished
	case "error", "failed", "expired":
		return video.Failed
	}
	return video.Running
}

// failure makes words of an error, which is {name, message} today and has been
// of any shape.
func failure(value json.RawMessage) string {
	var named struct {
		Name    string          `json:"name"`
		Message json.RawMessage `json:"message"`
	}
	switch {
	case len(value) == 0 || string(value) == "null":
		return "no reason was given"
	case json.Unmarshal(value, &named) == nil && named.Name != "" && len(named.Message) > 0:
		return words(json.RawMessage(quoted(named.Name))) + ": " + words(named.Message)
	case json.Unmarshal(value, &named) == nil && len(named.Message) > 0:
		return words(named.Message)
	}
	return words(value)
}

func quoted(s string) string {
	b, _ := json.Marshal(s) // a string always encodes
	return string(b)
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
