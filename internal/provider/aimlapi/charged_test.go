package aimlapi_test

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/price"
	"github.com/takeup/takeup/internal/provider/aimlapi"
	"github.com/takeup/takeup/internal/provider/aimlapi/models"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/script"
	"github.com/takeup/takeup/internal/video"
)

// The price list's quote for a request is exactly what is charged, to the micro-dollar, for
// every model, length and value that affects the price.
func TestPricesAreWhatIsCharged(t *testing.T) {
	server, url, pass := standIn(t, func(*script.Settings) {}, nil)
	settings, balance := server.Settings(), 100_000.0
	settings.BalanceUSD = &balance
	if err := server.Change(settings); err != nil {
		t.Fatal(err)
	}
	c, ctx := client(url), t.Context()
	list, fresh, err := c.Prices(ctx, "")
	if err != nil || !fresh {
		t.Fatalf("%v, %v", fresh, err)
	}
	if _, fresh, err := c.Prices(ctx, list.ETag); err != nil || fresh {
		t.Errorf("the list changed: %v, %v", fresh, err)
	}
	if names := (models.Catalogue{}).Names(); len(list.Models) != len(names) {
		t.Errorf("%d models in the list, %d in the catalogue", len(list.Models), len(names))
	}

	quotes := map[string]price.Quote{} // by generation ID
	for _, model := range catalogue.All(models.Catalogue{}) {
		p, ok := list.Find(model.Name)
		if !ok {
			t.Errorf("the list has no %s", model.Name)
		}
		for _, request := range requests(t, model) {
			generation, err := c.Submit(ctx, key(), "job-"+strconv.Itoa(len(quotes))+".1", request)
			if err != nil {
				t.Fatalf("%s: %v", request, err)
			}
			quotes[generation.ID] = p.Quote(request)
		}
	}
	pass(time.Hour)

	exact, open, unknown := 0, 0, 0
	for _, g := range server.Ledger().Generations {
		micros, q := aimlapi.MicrosOfCredits(g.ChargedCredits), quotes[strings.SplitN(g.ID, ":", 2)[0]]
		charged := price.Micros(micros)
		switch {
		case g.ChargedCredits == 0 || aimlapi.CreditsOfMicros(micros) != g.ChargedCredits:
			t.Errorf("%s was charged %d credits", g.Request, g.ChargedCredits)
		case q.Exact():
			if exact++; q.Least != charged {
				t.Errorf("%s: by the list %d, charged %d", g.Request, q.Least, charged)
			}
		case q.Known:
			if open++; charged < q.Least || charged > q.Most {
				t.Errorf("%s: by the list %d to %d, charged %d", g.Request, q.Least, q.Most, charged)
			}
		default:
			if p, _ := list.Find(g.Model); p.Kind != price.Variable {
				t.Errorf("%s: the list says nothing, of a %q price", g.Request, p.Kind)
			}
			unknown++
		}
	}
	t.Logf("%d requests: %d exact, %d in a range, %d variable", len(quotes), exact, open, unknown)
	if exact == 0 || open == 0 || unknown == 0 || exact+open+unknown != len(quotes) {
		t.Errorf("%d exact, %d in a range, %d variable", exact, open, unknown)
	}
}

// requests returns requests of every length, with each value that affects the price, and
// with none of them set.
func requests(t *testing.T, model catalogue.Model) []video.Request {
	t.Helper()
	known, _ := models.Find(model.Name)
	values := []string{""}
	for _, rate := range known.Price.USD {
		values = append(values, rate.Value)
	}
	lengths := model.Lengths()
	if lengths == nil {
		lengths = []int{0}
	}
	var requests []video.Request
	for _, n := range lengths {
		for _, value := range slices.Compact(values) {
			fields := map[string]any{"model": model.Name, "prompt": "a paper boat"}
			if n > 0 {
				fields["duration"] = n
			}
			switch {
			case value == "true", value == "false":
				fields[known.Price.By] = value == "true"
			case value != "" && known.Price.By != "duration":
				fields[known.Price.By] = value
			}
			body, err := json.Marshal(fields)
			if err != nil {
				t.Fatal(err)
			}
			if r, err := catalogue.Parse(models.Catalogue{}, body); err == nil { // some values exclude some lengths
				requests = append(requests, r)
			}
		}
	}
	if len(requests) < len(lengths) {
		t.Errorf("%s: %d requests for %d lengths", model.Name, len(requests), len(lengths))
	}
	return requests
}
