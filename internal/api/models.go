package api

import (
	"encoding/json"

	"github.com/takeup/takeup/internal/price"
	"github.com/takeup/takeup/internal/video"
)

// ModelList has the models, the default first. It has the shape of AI/ML API's list.
type ModelList struct {
	Object  string  `json:"object"` // "list"
	Default string  `json:"default"`
	Models  []Model `json:"data"`
}

// Model is a model, what it costs, and how long it takes. From Name to
// Tags it has the shape of AI/ML API's list.
type Model struct {
	Name      string      `json:"id"`
	Aliases   []string    `json:"aliases"`
	Type      string      `json:"type"`
	Info      ModelInfo   `json:"info"`
	Endpoints []string    `json:"endpoints"`
	Tags      []string    `json:"tags"`
	Durations []int       `json:"durations"` // in seconds; none where a request has no say in it
	Price     *Price      `json:"price"`     // nil where it isn't known
	Charged   []Charge    `json:"charged"`
	Usual     []UsualTime `json:"usual"`
}

// ModelInfo is what a model is called, and who made it.
type ModelInfo struct {
	Name      string `json:"name"`
	Developer string `json:"developer"`
}

// Price is what the provider's price list says of a model.
type Price struct {
	Kind     price.Kind `json:"kind"`
	Unit     price.Unit `json:"unit"` // of all rates; empty where they differ
	Variants []Rate     `json:"variants"`
	Source   string     `json:"source"` // the address of the list
	Date     string     `json:"date"`   // of the list, as 2026-08-21
}

// Rate is a price for Per units, for the requests that have the values of When.
type Rate struct {
	When map[string]string `json:"when"` // empty: for all requests
	USD  json.Number       `json:"usd"`
	Unit price.Unit        `json:"unit"`
	Per  int64             `json:"per"`
}

// Charge is the dearest of what the last videos of a length cost.
type Charge struct {
	Duration int         `json:"duration"` // in seconds
	USD      json.Number `json:"usd"`
}

// UsualTime is how long it usually takes to make a video of a length.
type UsualTime struct {
	Duration int `json:"duration"` // in seconds
	Seconds  int `json:"seconds"`
}

// Checked is a request that would be taken, with its defaults, and what it would cost.
type Checked struct {
	Request video.Request `json:"request"`
	Price   *Quote        `json:"price"` // nil where nothing is known
}

// Quote is what a request will cost.
type Quote struct {
	USD     json.Number  `json:"usd"`
	Exact   bool         `json:"exact"` // USD and no more; otherwise USD is the least, by the list
	MostUSD *json.Number `json:"most_usd"`
	Basis   price.Basis  `json:"basis"`
	Charged *json.Number `json:"charged_usd"` // the dearest of the last ones
	Source  *string      `json:"source"`      // the address of the list
	Date    *string      `json:"date"`        // of the list
}
