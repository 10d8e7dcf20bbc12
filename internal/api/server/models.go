package server

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/takeup/takeup/internal/price"
	"github.com/takeup/takeup/internal/video"
)

// modelList is the provider's list of models, with the default besides.
type modelList struct {
	Object  string  `json:"object"`
	Default string  `json:"default"`
	Data    []model `json:"data"`
}

// model is a model as the provider lists it, from ID to Tags, and what Takeup says
// of it besides.
type model struct {
	ID         string      `json:"id"`
	Aliases    []string    `json:"aliases"`
	Type       string      `json:"type"`
	Info       modelInfo   `json:"info"`
	Endpoints  []string    `json:"endpoints"`
	Tags       []string    `json:"tags"`
	Parameters []parameter `json:"parameters"`
	NeedsOneOf []string    `json:"needs_one_of"`
	Durations  []int       `json:"durations"`
	Price      *modelPrice `json:"price"`
	Charged    []charge    `json:"charged"`
	Usual      []usualTime `json:"usual"`
}

type modelInfo struct {
	Name      string `json:"name"`
	Developer string `json:"developer"`
}

type parameter struct {
	Name      string      `json:"name"`
	Type      string      `json:"type"`
	Required  bool        `json:"required"`
	Enum      []any       `json:"enum,omitempty"`
	Minimum   *float64    `json:"minimum,omitempty"`
	Maximum   *float64    `json:"maximum,omitempty"`
	MaxLength int         `json:"max_length,omitempty"`
	MaxItems  int         `json:"max_items,omitempty"`
	Default   any         `json:"default,omitempty"`
	Fields    []parameter `json:"fields,omitempty"`
	Item      *parameter  `json:"item,omitempty"`
}

type usualTime struct {
	Duration int `json:"duration"`
	Seconds  int `json:"seconds"`
}

// models tells the catalogue.
func (a *API) models(r *http.Request) answer {
	body := modelList{Object: "list", Default: video.DefaultModel}
	list := a.Prices.List(r.Context())
	for _, m := range video.Catalogue() {
		described := describeModel(m)
		described.Price = priceOf(list, m.Name)
		for _, duration := range described.Durations {
			if duration != 5 && duration != 10 { // the lengths that every model makes
				continue
			}
			if usual, known := a.Estimator.Usual(r.Context(), m.Name, duration); known {
				described.Usual = append(described.Usual, usualTime{duration, *seconds(usual)})
			}
			if micros, known := a.Estimator.Charged(r.Context(), m.Name, duration); known {
				described.Charged = append(described.Charged, charge{duration, price.Micros(micros).USD()})
			}
		}
		body.Data = append(body.Data, described)
	}
	return answer{status: http.StatusOK, body: body}
}

func describeModel(m video.Model) model {
	described := model{
		ID: m.Name, Aliases: []string{}, Type: "video", Info: modelInfo{Name: m.Name, Developer: "Kling AI"},
		Endpoints: []string{UniversalPath}, Tags: []string{},
		Parameters: parameters(m.Parameters), NeedsOneOf: []string{"prompt"}, Durations: []int{}, Charged: []charge{}, Usual: []usualTime{},
	}
	if _, shots := m.Takes("multi_prompt"); shots {
		described.NeedsOneOf = append(described.NeedsOneOf, "multi_prompt")
	}
	if duration, ok := m.Takes("duration"); ok {
		for n := int(duration.Min); n <= int(duration.Max); n++ {
			if len(duration.Allowed) == 0 || slices.Contains(duration.Allowed, strconv.Itoa(n)) {
				described.Durations = append(described.Durations, n)
			}
		}
	}
	return described
}

func parameters(given []video.Parameter) []parameter {
	var described []parameter
	for _, p := range given {
		described = append(described, describeParameter(p))
	}
	return described
}

func describeParameter(p video.Parameter) parameter {
	described := parameter{
		Name: p.Name, Type: string(p.Kind), Required: p.Required, MaxLength: p.MaxLength, MaxItems: p.MaxItems,
		Default: p.Default, Fields: parameters(p.Fields),
	}
	switch p.Kind {
	case video.List:
		described.Type = "array"
	case video.Integer, video.Number:
		described.Minimum, described.Maximum = &p.Min, &p.Max
	}
	for _, allowed := range p.Allowed {
		if n, err := strconv.Atoi(allowed); err == nil && p.Kind == video.Integer {
			described.Enum = append(described.Enum, n)
			continue
		}
		described.Enum = append(described.Enum, allowed)
	}
	if p.Item != nil {
		item := describeParameter(*p.Item)
		described.Item = &item
	}
	return described
}
