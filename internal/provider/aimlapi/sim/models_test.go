package sim_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/takeup/takeup/internal/provider/aimlapi/models"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/contract"
)

type modelPage struct {
	Data []struct {
		ID, Type     string
		Aliases      []string
		Capabilities []string
		Modalities   *struct{ Output []string }
		Pricing      *struct {
			Kind       string
			Currency   string
			Units      []struct{ Price json.Number }
			Dimensions []string
			Variants   []struct {
				When  map[string]any
				Price json.Number
				Unit  string
				Per   int
			}
		}
	}
}

// modelPage reads the list, which is public, without a key.
func (w *world) modelPage(target string) modelPage {
	w.t.Helper()
	a := w.call("GET", target, "", "Authorization", "")
	if a.status != http.StatusOK {
		w.t.Fatalf("%s: %d %s", target, a.status, a.body)
	}
	conforms(w.t, "models", a.body)
	var page modelPage
	a.into(w.t, &page)
	return page
}

func TestListOfModels(t *testing.T) {
	all := len((models.Catalogue{}).Names())
	w := newWorld(t, nil)
	for _, target := range []string{"/v1/models", "/models", "/v1/models?include=nothing", "/v1/models?unknown=1", "/v1/models?details=0"} {
		for _, m := range w.modelPage(target).Data {
			if m.Pricing != nil || m.Capabilities != nil || m.Modalities != nil {
				t.Errorf("%s: %s has sections that nobody asked for", target, m.ID)
			}
		}
	}
	for _, target := range []string{"/v1/models?include=pricing", "/models?include=x,pricing", "/v1/models?include=x&include=pricing", "/v1/models?include=all", "/v1/models?details=1", "/models?details=true"} {
		page := w.modelPage(target)
		kinds := map[string]int{}
		for _, m := range page.Data {
			if m.Pricing == nil || m.Pricing.Currency != "USD" || m.Type != "internal/video-generations/submit" {
				t.Fatalf("%s: %+v", target, m)
			}
			if all := !strings.Contains(target, "pricing"); all != (m.Modalities != nil) || all != (m.Capabilities != nil) {
				t.Errorf("%s: %s has %v and %v", target, m.ID, m.Modalities, m.Capabilities)
			}
			p := *m.Pricing
			kinds[p.Kind]++
			if p.Kind == models.Variable && (p.Units != nil || p.Variants != nil) ||
				p.Kind == models.Fixed && len(p.Units) != 1 || p.Kind == models.Variants && (len(p.Variants) < 2 || len(p.Dimensions) != 1) {
				t.Errorf("%s: %s has %+v", target, m.ID, p)
			}
		}
		if len(page.Data) != all || len(kinds) != 3 || page.Data[0].Pricing.Units[0].Price != "0.196" {
			t.Errorf("%s: %d models, %v, the first %+v", target, len(page.Data), kinds, page.Data[0])
		}
	}
	for query, want := range map[string]int{
		"id=" + v1pro: 1, "id=" + strings.ToUpper(v1pro): 1, "id=klingai/v1-pro-text-to-video": 1, "id=none": 0,
		"id=" + v1pro + ",none,klingai/v2-master-text-to-video": 2, "id=" + v1pro + "&id=klingai/v2-master-text-to-video": 2,
		"output_modalities=video": all, "output_modalities=text": 0, "input_modalities=text": all, "modalities=text": all, "modalities=image": 0,
		"capabilities=text_to_video": all, "capabilities=streaming": 0, "tags=playground:chat": 0, "id=": all,
		"type=internal/video-generations/submit": all, "type=openai/chat-completions": 0, "id=" + v1pro + "&capabilities=streaming": 0,
	} {
		if page := w.modelPage("/v1/models?" + query); len(page.Data) != want {
			t.Errorf("%s: %d models, want %d", query, len(page.Data), want)
		}
	}
}

// An unchanged list isn't sent again.
func TestListOfModelsETag(t *testing.T) {
	w := newWorld(t, nil)
	tag := w.call("GET", "/v1/models?include=pricing", "").header.Get("ETag")
	if other := w.call("GET", "/models?id="+v1pro, "").header.Get("ETag"); len(tag) < 5 || other != tag {
		t.Errorf("ETag %q and %q", tag, other)
	}
	for match, want := range map[string]int{
		tag: 304, strings.TrimPrefix(tag, "W/"): 304, `"a", ` + tag: 304, "*": 304, `"a"`: 200, "": 200, strings.Trim(tag, `W/"`): 200,
	} {
		a := w.call("GET", "/v1/models?include=pricing", "", "If-None-Match", match)
		if a.status != want || (len(a.body) == 0) != (want == 304) || a.header.Get("ETag") != tag {
			t.Errorf("%s: %d, %d bytes, %v", match, a.status, len(a.body), a.header)
		}
	}
}

// A model is also accepted by its ID in the list; the older name is an alias.
func TestCreateByTheListsID(t *testing.T) {
	w := newWorld(t, nil)
	for _, m := range w.modelPage("/v1/models").Data {
		for _, name := range append(slices.Clone(m.Aliases), m.ID) {
			if a := w.call("POST", contract.UniversalPath, `{"model":"`+name+`","prompt":"p"}`); a.status != http.StatusOK {
				t.Errorf("%s: %d %s", name, a.status, a.body)
			}
		}
	}
	for _, g := range w.server.Ledger().Generations {
		if strings.HasPrefix(g.Model, "klingai/v1") {
			t.Errorf("%s is in the ledger under its id", g.Model)
		}
	}
}

func TestCharge(t *testing.T) {
	for body, want := range map[string]int64{
		`{"model":"kling-video/v1.5/pro/text-to-video","prompt":"p","duration":10}`:                         2_548_000, // 127.4 USD for 1000 s
		`{"model":"klingai/v2-master-text-to-video","prompt":"p"}`:                                          3_640_000,
		`{"model":"klingai/v2-master-text-to-video","prompt":"p","duration":"10"}`:                          7_280_000,
		`{"model":"klingai/v2.5-turbo/pro/text-to-video","prompt":"p","duration":10}`:                       910_000,   // per video, of any length
		`{"model":"klingai/video-v3-pro-text-to-video","prompt":"p","duration":3}`:                          1_747_200, // audio is the default
		`{"model":"klingai/video-v3-pro-text-to-video","prompt":"p","duration":3,"generate_audio":true}`:    1_747_200,
		`{"model":"klingai/video-v3-pro-text-to-video","prompt":"p","duration":3.0,"generate_audio":false}`: 1_310_400,
		`{"model":"klingai/video-v3-standard-turbo-text-to-video","prompt":"p","duration":3}`:               655_200, // not in the list
	} {
		w := newWorld(t, nil)
		if a := w.call("POST", contract.UniversalPath, body); a.status != http.StatusOK {
			t.Fatalf("%s: %d %s", body, a.status, a.body)
		}
		if l := w.server.Ledger(); len(l.Generations) != 1 || l.Generations[0].PriceCredits != want {
			t.Errorf("%s costs %d credits, want %d", body, l.Generations[0].PriceCredits, want)
		}
	}
}
