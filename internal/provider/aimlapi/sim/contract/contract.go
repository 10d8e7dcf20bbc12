// Package contract has the routes of the provider's API and the schemas of its replies, as data. The parameters of
// requests are in package models.
package contract

import (
	_ "embed"
	"encoding/json"
	"fmt"
)

//go:embed replies.json
var repliesJSON []byte

// The names of the provider's two routes.
const (
	Legacy    = "legacy"
	Universal = "universal"
)

// The provider's two routes: POST creates a generation, GET with generation_id retrieves it.
const (
	LegacyPath    = "/v2/generate/video/kling/generation"
	UniversalPath = "/v2/video/generations"
)

// Replies returns the JSON Schema of every reply by name: generation, generation_listed, logs, billing, transactions,
// balance, metrics, models and error. It fails only if the embedded file is broken.
func Replies() (map[string]json.RawMessage, error) {
	replies := map[string]json.RawMessage{}
	if err := json.Unmarshal(repliesJSON, &replies); err != nil {
		return nil, fmt.Errorf("contract: replies.json: %w", err)
	}
	return replies, nil
}
