package aimlapi_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/provider/aimlapi"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/video"
)

const (
	model         = "kling-video/v1/pro/text-to-video"
	legacyPath    = "/v2/generate/video/kling/generation"
	universalPath = "/v2/video/generations"
	id            = "60ac7c34-3224-4b14-8e7d-0aa0db708325"
)

func now() time.Time { return time.Date(2026, 8, 21, 10, 0, 0, 0, time.UTC) }

func key() video.Key { return video.Key{Value: "aiml-key-0123456789abcdef", Version: "v1"} }

func client(url string) *aimlapi.Client {
	return aimlapi.New(aimlapi.Config{BaseURL: url, Route: aimlapi.RouteLegacy, Now: now})
}

// at returns the handle of a generation of the model.
func at(route aimlapi.Route, id string) provider.Handle {
	return provider.Handle(string(route) + ":" + model + ":" + id)
}

func request(t *testing.T, body string) video.Request {
	t.Helper()
	r, err := catalogue.Parse(all.Models(), []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func boat(t *testing.T) video.Request {
	t.Helper()
	return request(t, `{"prompt": "a paper boat crosses a flooded street"}`)
}

// serve starts a server and returns a client of it.
func serve(t *testing.T, handler http.HandlerFunc) *aimlapi.Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return client(server.URL)
}

// answer returns a handler with a fixed response.
func answer(status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		// A client that hung up needs no answer.
		_, _ = io.WriteString(w, body)
	}
}

func submit(t *testing.T, c *aimlapi.Client) (provider.Generation, error) {
	t.Helper()
	return c.Submit(t.Context(), key(), "job.1", boat(t))
}

func asRefusal(t *testing.T, err error) *provider.Refusal {
	t.Helper()
	refusal, ok := err.(*provider.Refusal)
	if !ok {
		t.Fatalf("got %T %v, want a refusal", err, err)
	}
	return refusal
}

func asUnanswered(t *testing.T, err error) *provider.Unanswered {
	t.Helper()
	unanswered, ok := err.(*provider.Unanswered)
	if !ok {
		t.Fatalf("got %T %v, want unanswered", err, err)
	}
	return unanswered
}

func TestCallsAsTheContractHasThem(t *testing.T) {
	for route, path := range map[aimlapi.Route]string{aimlapi.RouteLegacy: legacyPath, aimlapi.RouteUniversal: universalPath} {
		t.Run(string(route), func(t *testing.T) {
			var got *http.Request
			var body []byte
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				got = r
				var err error
				if body, err = io.ReadAll(r.Body); err != nil {
					t.Error(err)
				}
				answer(http.StatusCreated, `{"id":"`+id+`","status":"queued"}`)(w, r)
			}))
			defer server.Close()
			c := aimlapi.New(aimlapi.Config{BaseURL: server.URL, Route: route, Now: now})
			r := request(t, `{"prompt": "a <b> & c", "duration": "10", "ratio": "1:1"}`)
			generation, err := c.Submit(t.Context(), key(), "job-1.2", r)
			if err != nil || generation.ID != id || generation.Handle != at(route, id) || generation.State != provider.Running || generation.Word != "queued" {
				t.Errorf("submitted: %+v, %v", generation, err)
			}
			want := `{"aspect_ratio":"1:1","duration":10,"model":"` + model + `","prompt":"a <b> & c"}`
			if got.Method != http.MethodPost || got.RequestURI != path || string(body) != want {
				t.Errorf("%s %s %s", got.Method, got.RequestURI, body)
			}
			for name, value := range map[string]string{
				"Authorization": "Bearer " + key().Value, "X-Client-Request-Id": "job-1.2",
				"Content-Type": "application/json", "Accept": "application/json",
				"Idempotency-Key": "", "X-Idempotency-Key": "",
			} {
				if got.Header.Get(name) != value {
					t.Errorf("POST with %s: %q", name, got.Header.Get(name))
				}
			}

			if _, err := c.Retrieve(t.Context(), key(), at(route, id)); err != nil {
				t.Error(err)
			}
			if got.Method != http.MethodGet || got.RequestURI != path+"?generation_id="+id || len(body) != 0 {
				t.Errorf("%s %s %q", got.Method, got.RequestURI, body)
			}
			if got.Header.Get("Authorization") != "Bearer "+key().Value || got.Header.Get("X-Client-Request-Id") != "" {
				t.Errorf("GET with %v", got.Header)
			}
		})
	}
}

func TestRoute(t *testing.T) {
	for _, c := range []struct {
		configured aimlapi.Route
		body       string
		want       aimlapi.Route
	}{
		{aimlapi.RouteLegacy, `{"prompt":"x"}`, aimlapi.RouteLegacy},
		{aimlapi.RouteLegacy, `{"prompt":"x","negative_prompt":"y","cfg_scale":1,"duration":10,"aspect_ratio":"1:1"}`, aimlapi.RouteLegacy},
		{aimlapi.RouteLegacy, `{"prompt":"x","external_task_id":"ours","metadata":{"project":"boats"}}`, aimlapi.RouteLegacy},
		{aimlapi.RouteLegacy, `{"prompt":"x","camera_control":"down_back"}`, aimlapi.RouteUniversal},
		{aimlapi.RouteLegacy, `{"prompt":"x","model":"kling-video/v1/standard/text-to-video"}`, aimlapi.RouteLegacy},
		{aimlapi.RouteLegacy, `{"prompt":"x","model":"kling-video/v1.6/standard/text-to-video"}`, aimlapi.RouteLegacy},
		{aimlapi.RouteLegacy, `{"prompt":"x","model":"klingai/video-v3-pro-text-to-video"}`, aimlapi.RouteUniversal},
		{aimlapi.RouteUniversal, `{"prompt":"x"}`, aimlapi.RouteUniversal},
	} {
		handle := aimlapi.New(aimlapi.Config{Route: c.configured, Now: now}).Handle(id, request(t, c.body))
		got := aimlapi.Route(strings.SplitN(string(handle), ":", 2)[0])
		if got != c.want {
			t.Errorf("%s configured, %s: %s", c.configured, c.body, got)
		}
	}
}
