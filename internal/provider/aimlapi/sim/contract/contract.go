// Package contract has the routes of the provider's API, its units, and the schemas of its replies, as data. The parameters
// of requests are in package models. It is a package of its own since each part of the simulator needs it.
package contract

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"math"
	"time"
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

// CreditsPerUSD is the provider's rate: 1 USD is 2,000,000 credits.
const CreditsPerUSD = 2_000_000

// Credits returns an amount in credits, to the nearest one.
func Credits(usd float64) int64 { return int64(math.Round(usd * CreditsPerUSD)) }

// USD returns an amount in dollars.
func USD(credits int64) float64 { return float64(credits) / CreditsPerUSD }

// Time formats a time as the provider does: UTC, milliseconds.
func Time(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
