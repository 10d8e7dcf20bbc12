package aimlapi_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/script"
)

func TestMetrics(t *testing.T) {
	const other = `{"alias":"openai/gpt-5","endpoint":"/v1/chat/completions","metrics":{"ttft_ms":{"p50":1},"duration_ms":{"p50":1830,"p90":3900}}}`
	const ours = `{"alias":"` + model + `","endpoint":"/v2/video/generations","metrics":{"duration_ms":{"p50":78000,"p75":90000,"p90":121500.5,"p99":200000}}}`
	measured := provider.Percentiles{P50: 78 * time.Second, P90: 121500500 * time.Microsecond}
	for name, c := range map[string]struct {
		body string
		want provider.Percentiles
		ok   bool
	}{
		"it is measured":     {`{"window_seconds":300,"models":[` + other + `,` + ours + `]}`, measured, true},
		"it is not":          {`{"models":[` + other + `]}`, provider.Percentiles{}, false},
		"nothing is":         {`{"models":[]}`, provider.Percentiles{}, false},
		"not its duration":   {`{"models":[{"alias":"` + model + `","metrics":{}},` + ours + `]}`, measured, true},
		"what can't be time": {`{"models":[{"alias":"` + model + `","metrics":{"duration_ms":{"p50":-1,"p90":1e300}}}]}`, provider.Percentiles{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			c2 := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/models/metrics" || r.URL.RawQuery != "aliases=kling-video%2Fv1%2Fpro%2Ftext-to-video" || r.Header.Get("Authorization") != "" {
					t.Errorf("asked %s with %v", r.URL, r.Header)
				}
				answer(200, c.body)(w, r)
			})
			if got, ok, err := c2.Percentiles(t.Context(), model); err != nil || ok != c.ok || got != c.want {
				t.Errorf("got %+v, %v, %v", got, ok, err)
			}
		})
	}
	for name, handler := range map[string]http.HandlerFunc{
		"not JSON": answer(200, "<html>"), "no list": answer(200, `{}`), "a 502": answer(502, ""), "a list of texts": answer(200, `{"models":["a"]}`),
	} {
		if _, _, err := serve(t, handler).Percentiles(t.Context(), model); err == nil {
			t.Errorf("%s is no error", name)
		} else {
			_ = asUnanswered(t, err)
		}
	}
}

func TestMetricsOfTheStandIn(t *testing.T) {
	_, url, pass := standIn(t, func(s *script.Settings) { s.JobSeconds = 80 }, nil)
	c := client(url)
	if got, ok, err := c.Percentiles(t.Context(), model); err != nil || ok {
		t.Errorf("before there is one: %+v, %v, %v", got, ok, err)
	}
	if _, err := submit(t, c); err != nil {
		t.Fatal(err)
	}
	pass(2 * time.Minute)
	got, ok, err := c.Percentiles(t.Context(), model)
	if err != nil || !ok || got.P50 < 40*time.Second || got.P50 > 2*time.Minute || got.P90 < got.P50 {
		t.Errorf("got %+v, %v, %v", got, ok, err)
	}
}
