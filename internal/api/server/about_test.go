package server_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/dev/template"
	"github.com/takeup/takeup/internal/provider/all"
)

// page is a page with one file.
type page struct{ notFound http.Handler }

func (p page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("If-None-Match") != "" {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	switch r.URL.Path {
	case "/":
		w.Header().Set("Content-Type", "text/html")
	case "/assets/1/app.js":
		w.Header().Set("Content-Type", "text/javascript")
	default:
		p.notFound.ServeHTTP(w, r)
		return
	}
	if r.Method != http.MethodHead {
		_, _ = io.WriteString(w, "<!doctype html><title>Takeup</title>")
	}
}

// aboutReplies are the replies about models, the description and the page.
func aboutReplies() map[string]reply {
	return map[string]reply{
		"models":             {call: call{"GET", "/models", nil, ""}},
		"models-provider":    {call: call{"GET", api.AIMLAPIModelsPath, nil, ""}},
		"models-post":        {call: call{"POST", "/models", nil, "{}"}},
		"model":              {call: call{"GET", "/models/klingai/video-v3-turbo-pro-text-to-video", nil, ""}},
		"model-rules":        {call: call{"GET", "/models/luma%2Fray-3.2", nil, ""}},
		"model-head":         {call: call{"HEAD", "/models/veo2", nil, ""}},
		"model-unknown":      {call: call{"GET", "/models/veo22", nil, ""}},
		"openapi":            {call: call{"GET", "/openapi.json", nil, ""}},
		"openapi-head":       {call: call{"HEAD", "/openapi.json", nil, ""}},
		"page":               {call: call{"GET", "/", nil, ""}},
		"page-head":          {call: call{"HEAD", "/", nil, ""}},
		"page-cached":        {call: call{"GET", "/", map[string]string{"If-None-Match": `"1"`}, ""}},
		"page-asset":         {call: call{"GET", "/assets/1/app.js", nil, ""}},
		"page-asset-cached":  {call: call{"GET", "/assets/1/app.js", map[string]string{"If-None-Match": `"1"`}, ""}},
		"page-asset-unknown": {call: call{"GET", "/assets/1/none.js", nil, ""}},
		"page-post":          {call: call{"POST", "/", nil, "{}"}},
		"openapi-patch":      {call: call{"PATCH", "/openapi.json", nil, "{}"}},
	}
}

// otherReplies are the replies to unknown paths and methods.
func otherReplies() map[string]reply {
	return map[string]reply{
		"options":                {call: call{"OPTIONS", api.GenerationsPath, nil, ""}},
		"delete":                 {call: call{"DELETE", api.KlingGenerationPath + "?generation_id=done", nil, ""}},
		"method-of-its-own":      {call: call{"BREW", api.GenerationsPath, nil, ""}},
		"path-unknown":           {call: call{"GET", "/v2/images", nil, ""}},
		"path-slash":             {call: call{"POST", api.KlingGenerationPath + "/", nil, boat}},
		"path-double-slash":      {call: call{"POST", "/v2//video/generations", nil, boat}},
		"path-slashes":           {call: call{"GET", "//v1//models//", nil, ""}},
		"path-slash-unknown":     {call: call{"GET", "/v2/images/", nil, ""}},
		"path-dots":              {call: call{"GET", "/v2/../v2/video/generations", nil, ""}},
		"no-request-id":          {call: call{"GET", "/v2", map[string]string{"X-Request-Id": "-"}, ""}},
		"request-id-not-visible": {call: call{"GET", "/v2", map[string]string{"X-Request-Id": "a b"}, ""}},
	}
}

// answeredByAPIGateway checks the replies that API Gateway makes by itself, by the
// template, against the description, and marks them as seen.
func answeredByAPIGateway(t *testing.T, d *description) {
	t.Helper()
	source, err := os.ReadFile("../../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := template.Parse(source)
	if err != nil {
		t.Fatal(err)
	}
	responses, err := parsed.GatewayResponses(nil)
	if err != nil {
		t.Fatal(err)
	}
	statuses := map[string]bool{}
	context := template.GatewayContext{Path: "/takeup/v2", RequestID: "c6af9ac6", Time: "21/Aug/2026:12:00:00 +0000", Message: "as API Gateway says it"}
	for kind, response := range responses {
		body, err := jsonschema.UnmarshalJSON(strings.NewReader(response.Body(context)))
		if err == nil {
			err = d.valid(body, "components", "schemas", "Error")
		}
		if err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		statuses[strconv.Itoa(response.Status)] = true
	}
	for _, path := range d.keys("paths") {
		for _, method := range d.keys("paths", path) {
			for _, status := range []string{"401", "429"} {
				if reply, _ := d.at("paths", path, method, "responses", status); reply != nil && statuses[status] {
					d.seen[strings.ToUpper(method)+" "+path+" "+status] = true
				}
			}
		}
	}
}

// GET /models has what a form needs.
func TestModels(t *testing.T) {
	w := httptest.NewRecorder()
	newHandler(newJobs(t), links{}, io.Discard).ServeHTTP(w, call{"GET", "/models", nil, ""}.request())
	var body struct {
		Default string
		Data    []struct {
			ID        string
			Info      struct{ Developer string }
			Durations []int
			Usual     []struct{ Duration, Seconds int }
		}
	}
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatal(err)
	}
	for _, m := range body.Data {
		known, ok := all.Models().Find(m.ID)
		if !ok || m.Info.Developer != known.Maker || len(m.Durations) != len(known.Lengths()) || len(m.Usual) == 0 {
			t.Errorf("got %+v", m)
		}
		for _, usual := range m.Usual {
			if usual.Seconds != 16*usual.Duration || len(m.Durations) > 0 && !slices.Contains(m.Durations, usual.Duration) {
				t.Errorf("got %+v", m)
			}
		}
	}
	if usual := body.Data[0].Usual; body.Data[0].ID != body.Default || len(body.Data) != len(all.Models().Names()) || len(usual) != 2 || usual[1].Seconds != 160 {
		t.Errorf("the default is %s, the first of %d %s", body.Default, len(body.Data), body.Data[0].ID)
	}
}

func TestCrossOrigin(t *testing.T) {
	preflight := map[string]string{"Origin": "https://example.com", "Access-Control-Request-Method": "DELETE", "Access-Control-Request-Headers": "authorization"}
	for _, test := range []struct {
		origin string
		call   call
		want   map[string]string
	}{
		{"", call{"OPTIONS", "/videos/done", preflight, ""}, map[string]string{"Access-Control-Allow-Origin": "", "Access-Control-Allow-Methods": "", "Vary": ""}},
		{"", call{"GET", "/videos/done", preflight, ""}, map[string]string{"Access-Control-Allow-Origin": ""}},
		{"*", call{"GET", "/videos/nobody", preflight, ""}, map[string]string{"Access-Control-Allow-Origin": "*", "Vary": "", "Access-Control-Allow-Methods": ""}},
		{"https://example.com", call{"OPTIONS", "/videos/done", preflight, ""}, map[string]string{
			"Access-Control-Allow-Origin": "https://example.com", "Vary": "Origin", "Access-Control-Allow-Methods": "DELETE, GET, HEAD, OPTIONS",
			"Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key", "Access-Control-Max-Age": "600", "Access-Control-Allow-Credentials": "",
		}},
		{"https://example.com", call{"POST", "/v2/video/generations", nil, boat}, map[string]string{"Access-Control-Allow-Origin": "https://example.com"}},
	} {
		a := newAPI(newJobs(t), links{}, io.Discard)
		a.Origin = test.origin
		w := httptest.NewRecorder()
		a.Handler().ServeHTTP(w, test.call.request())
		for name, want := range test.want {
			if got := w.Header().Get(name); got != want {
				t.Errorf("origin %q, %s %s: %s is %q, want %q", test.origin, test.call.method, test.call.target, name, got, want)
			}
		}
	}
}
