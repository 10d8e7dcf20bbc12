package server

import (
	"net/http"
	"slices"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/api/server/reply"
	"github.com/takeup/takeup/internal/api/server/wire"
	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/price"
	"github.com/takeup/takeup/internal/provider/all"
)

// models returns the models, with the prices and times that are known.
func (a *API) models(r *http.Request) reply.Response {
	known := all.Models()
	body := api.ModelList{Object: "list", Default: catalogue.Default(known)}
	list := a.Prices.List(r.Context())
	for _, m := range catalogue.All(known) {
		described := describeModel(m)
		described.Price = wire.Price(list, m.Name)
		for _, duration := range common(m) {
			if usual, known := a.Estimator.Usual(r.Context(), m.Name, duration); known {
				described.Usual = append(described.Usual, api.UsualTime{Duration: duration, Seconds: wire.Seconds(usual)})
			}
			if micros, known := a.Estimator.Charged(r.Context(), m.Name, duration); known {
				described.Charged = append(described.Charged, api.Charge{Duration: duration, USD: price.Micros(micros).USD()})
			}
		}
		body.Models = append(body.Models, described)
	}
	return reply.Response{Status: http.StatusOK, Body: body}
}

func describeModel(m catalogue.Model) api.Model {
	described := api.Model{
		Name: m.Name, Aliases: []string{}, Type: "video", Info: api.ModelInfo{Name: m.Name, Developer: m.Maker},
		Endpoints: []string{api.GenerationsPath}, Tags: []string{}, Durations: m.Lengths(), Charged: []api.Charge{}, Usual: []api.UsualTime{},
	}
	if described.Durations == nil {
		described.Durations = []int{}
	}
	return described
}

// common returns the lengths of which a list says more: the default one, and 5 and 10 if
// the model makes them, as most do. 0 is that of a model whose requests have no say in it.
func common(m catalogue.Model) []int {
	p, _ := m.Takes("duration")
	byDefault, _ := p.Default.(int)
	if m.Lengths() == nil {
		return []int{0}
	}
	return slices.DeleteFunc(m.Lengths(), func(n int) bool { return n != byDefault && n != 5 && n != 10 })
}

// model returns a model's schema.
func (a *API) model(r *http.Request) reply.Response {
	known, name := all.Models(), r.PathValue("name")
	m, ok := known.Find(name)
	if !ok {
		return reply.Refuse(http.StatusNotFound, "there is no such model here%s; GET /models lists those that are", catalogue.Suggest(name, known.Names()))
	}
	return reply.Response{Status: http.StatusOK, Body: m.Schema()}
}
