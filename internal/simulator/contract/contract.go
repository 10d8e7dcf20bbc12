// Package contract holds what the provider says about its own API, as data: the request schema of every model and the
// schema of every reply. It knows nothing of Takeup's catalogue, so either can be held against the other.
package contract

import (
	_ "embed"
	"encoding/json"
	"fmt"
)

//go:embed requests.json
var requestsJSON []byte

//go:embed replies.json
var repliesJSON []byte

// The names of the provider's two routes, as Model.Routes has them.
const (
	Legacy    = "legacy"
	Universal = "universal"
)

// The provider's two routes: POST creates a generation, GET with generation_id retrieves it.
const (
	LegacyPath    = "/v2/generate/video/kling/generation"
	UniversalPath = "/v2/video/generations"
)

// Model is one text-to-video model of the provider.
type Model struct {
	// Name is the value of the request's model field.
	Name string `json:"name"`
	// Routes are the routes that take the model: Legacy, Universal, or both.
	Routes []string `json:"routes"`
	// Reply is the name of the schema, among Replies, of what create and retrieve answer.
	Reply string `json:"reply"`
	// USDPerSecond is what the stand-in charges for a second of video. Only the order of magnitude is the provider's.
	USDPerSecond float64 `json:"usd_per_second"`
	// Schema is the request body's JSON Schema (2020-12). A default may be written as a string where the type is
	// integer, as in the provider's files.
	Schema json.RawMessage `json:"schema"`
}

// Models gives every model, the default one (kling-video/v1/pro/text-to-video) first. It fails only if the embedded
// file is broken.
func Models() ([]Model, error) {
	var file struct {
		Models []Model `json:"models"`
	}
	if err := json.Unmarshal(requestsJSON, &file); err != nil {
		return nil, fmt.Errorf("contract: requests.json: %w", err)
	}
	for i := range file.Models {
		if file.Models[i].Reply == "" {
			file.Models[i].Reply = "generation"
		}
	}
	return file.Models, nil
}

// Replies gives the JSON Schema of every reply by name: generation, generation_listed, logs, billing, transactions,
// balance, metrics and error. It fails only if the embedded file is broken.
func Replies() (map[string]json.RawMessage, error) {
	replies := map[string]json.RawMessage{}
	if err := json.Unmarshal(repliesJSON, &replies); err != nil {
		return nil, fmt.Errorf("contract: replies.json: %w", err)
	}
	return replies, nil
}
