package server

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/api/server/wire"
	"github.com/takeup/takeup/internal/price"
	"github.com/takeup/takeup/internal/video"
)

// models returns the catalogue, with the prices and times that are known.
func (a *API) models(r *http.Request) response {
	body := api.ModelList{Object: "list", Default: video.DefaultModel}
	list := a.Prices.List(r.Context())
	for _, m := range video.Catalogue() {
		described := describeModel(m)
		described.Price = wire.Price(list, m.Name)
		for _, duration := range described.Durations {
			if duration != 5 && duration != 10 { // the lengths that every model makes
				continue
			}
			if usual, known := a.Estimator.Usual(r.Context(), m.Name, duration); known {
				described.Usual = append(described.Usual, api.UsualTime{Duration: duration, Seconds: wire.Seconds(usual)})
			}
			if micros, known := a.Estimator.Charged(r.Context(), m.Name, duration); known {
				described.Charged = append(described.Charged, api.Charge{Duration: duration, USD: price.Micros(micros).USD()})
			}
		}
		body.Models = append(body.Models, described)
	}
	return response{status: http.StatusOK, body: body}
}

func describeModel(m video.Model) api.Model {
	described := api.Model{
		Name: m.Name, Aliases: []string{}, Type: "video", Info: api.ModelInfo{Name: m.Name, Developer: "Kling AI"},
		Endpoints: []string{api.GenerationsPath}, Tags: []string{},
		Parameters: parameters(m.Parameters), NeedsOneOf: []string{"prompt"}, Durations: []int{}, Charged: []api.Charge{}, Usual: []api.UsualTime{},
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

func parameters(given []video.Parameter) []api.Parameter {
	var described []api.Parameter
	for _, p := range given {
		described = append(described, describeParameter(p))
	}
	return described
}

func describeParameter(p video.Parameter) api.Parameter {
	described := api.Parameter{
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
