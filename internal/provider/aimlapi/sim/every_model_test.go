package sim_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/price"
	"github.com/takeup/takeup/internal/provider/aimlapi/models"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/contract"
	"github.com/takeup/takeup/internal/video"
)

// The smallest and largest requests of each model, with each of the parameters that exclude
// one another, are accepted as Takeup sends them, yield a video, and cost what the price
// list says.
func TestEveryModelsRequests(t *testing.T) {
	balance := 10_000.0
	w := newWorld(t, func(c *sim.Config) { c.Settings.BalanceUSD = &balance })
	list, err := price.Parse(w.call("GET", "/v1/models?include=pricing", "").body, "the list", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	exact, bounded := 0, 0
	for _, m := range catalogue.All(models.Catalogue{}) {
		for _, fields := range extremes(m) {
			request := parse(t, fields)
			a := w.call("POST", contract.UniversalPath, string(request.Body()))
			if a.status != http.StatusOK {
				t.Errorf("%s: %d %s", request.Body(), a.status, a.body)
				continue
			}
			ledger := w.server.Ledger()
			generation := ledger.Generations[len(ledger.Generations)-1]
			cost := price.Micros(generation.PriceCredits * int64(price.PerUSD) / contract.CreditsPerUSD)
			found, ok := list.Find(m.Name)
			quote := found.Quote(request)
			switch {
			case !ok || found.Kind == price.Unknown:
				t.Errorf("%s: the list has no price", m.Name)
			case found.Kind == price.Variable:
				if quote.Known {
					t.Errorf("%s: it varies, and is quoted at %+v", m.Name, quote)
				}
			case !quote.Known || cost < quote.Least || quote.Most > 0 && cost > quote.Most:
				t.Errorf("%s: it costs %v, and the list says %+v", request.Body(), cost, quote)
			case quote.Exact():
				exact++
			default:
				bounded++
			}
			if generation.VideoBytes == 0 || cost == 0 {
				t.Errorf("%s: got %+v", m.Name, generation)
			}
		}
	}
	if exact < 80 || bounded < 5 {
		t.Errorf("%d prices were exact and %d bounded", exact, bounded)
	}
}

func parse(t *testing.T, fields map[string]any) video.Request {
	t.Helper()
	text, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	request, err := catalogue.Parse(models.Catalogue{}, text)
	if err != nil {
		t.Fatalf("%.300s: %v", text, err)
	}
	return request
}

// extremes returns a model's smallest and largest requests.
func extremes(m catalogue.Model) []map[string]any {
	said := m.OneOf
	if len(said) == 0 {
		said = []string{"prompt"}
	}
	var all []map[string]any
	for _, name := range said {
		said, _ := m.Takes(name)
		small, large := map[string]any{"model": m.Name, name: smallest(said)}, map[string]any{"model": m.Name}
		for _, p := range m.Parameters {
			if p.Required {
				small[p.Name] = smallest(p)
			}
			if p.Name == name || !slices.Contains(m.OneOf, p.Name) {
				large[p.Name] = largest(p)
			}
		}
		for _, rule := range m.Rules {
			for then, values := range rule.Then {
				large[then] = values[len(values)-1]
				if p, _ := m.Takes(then); p.Kind == catalogue.Boolean {
					large[then] = values[len(values)-1] == "true"
				}
			}
		}
		all = append(all, small, large)
	}
	return all
}

func smallest(p catalogue.Parameter) any {
	switch {
	case len(p.Allowed) > 0:
		return p.Allowed[0]
	case p.Kind == catalogue.Integer, p.Kind == catalogue.Number:
		return p.Min
	case p.Kind == catalogue.Boolean:
		return false
	case p.Kind == catalogue.List:
		return []any{smallest(*p.Item)}
	case p.Kind == catalogue.Object:
		fields := map[string]any{}
		for _, f := range p.Fields {
			if f.Required {
				fields[f.Name] = smallest(f)
			}
		}
		return fields
	}
	return "a"
}

func largest(p catalogue.Parameter) any {
	const unlimited = 500 // characters, or items
	switch {
	case len(p.Allowed) > 0:
		return p.Allowed[len(p.Allowed)-1]
	case p.Kind == catalogue.Integer, p.Kind == catalogue.Number:
		return json.Number(fmt.Sprintf("%.0f", p.Max))
	case p.Kind == catalogue.Boolean:
		return true
	case p.Kind == catalogue.List:
		if p.MaxItems == 0 {
			return slices.Repeat([]any{"a shot"}, unlimited)
		}
		return slices.Repeat([]any{largest(*p.Item)}, p.MaxItems)
	case p.Kind == catalogue.Object:
		fields := map[string]any{}
		for _, f := range p.Fields {
			fields[f.Name] = largest(f)
		}
		return fields
	case p.MaxLength > 0:
		return strings.Repeat("x", p.MaxLength)
	}
	return strings.Repeat("x", unlimited)
}
