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
	// ID is the model's name in the list of models, where Name is an alias of it; the same as Name for most.
	ID string `json:"id"`
	// Pricing is what the stand-in charges. Only the shape and the order of magnitude are the provider's.
	Pricing Pricing `json:"pricing"`
	// Schema is the request body's JSON Schema (2020-12). A default may be written as a string where the type is
	// integer, as in the provider's files.
	Schema json.RawMessage `json:"schema"`
}

// The kinds of Pricing.
const (
	Fixed    = "fixed"    // one rate, in Units
	Variants = "variants" // a rate for each combination of the Dimensions' values
	Variable = "variable" // the list names no rate; Units has the one that is charged
)

// Pricing is a model's price in the shape of the provider's list of models.
type Pricing struct {
	Kind       string    `json:"kind"`
	Currency   string    `json:"currency"`
	Units      []Rate    `json:"units,omitempty"`
	Dimensions []string  `json:"dimensions,omitempty"` // names of request parameters
	Variants   []Variant `json:"variants,omitempty"`
}

// Rate is a price in USD for Per seconds or videos, as Measure says.
type Rate struct {
	Name    string      `json:"name"`
	Measure string      `json:"measure"`
	Price   json.Number `json:"price"`
	Per     int64       `json:"per"`
}

// Variant is a price in USD for Per seconds or videos, as Unit says, of requests that have the values of When.
type Variant struct {
	When  map[string]any `json:"when"`
	Price json.Number    `json:"price"`
	Unit  string         `json:"unit"`
	Per   int64          `json:"per"`
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
		if file.Models[i].ID == "" {
			file.Models[i].ID = file.Models[i].Name
		}
	}
	return file.Models, nil
}

// Replies gives the JSON Schema of every reply by name: generation, generation_listed, logs, billing, transactions,
// balance, metrics, models and error. It fails only if the embedded file is broken.
func Replies() (map[string]json.RawMessage, error) {
	replies := map[string]json.RawMessage{}
	if err := json.Unmarshal(repliesJSON, &replies); err != nil {
		return nil, fmt.Errorf("contract: replies.json: %w", err)
	}
	return replies, nil
}
