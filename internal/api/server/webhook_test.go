package server_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/takeup/takeup/internal/video"
)

// A webhook's URL is taken, and is in no reply and no log. What can't be delivered to is refused with
// the field and the fix.
func TestWebhook(t *testing.T) {
	const mark = "hooks.example.com^00112233445566778899aabbccddeeff"
	for address, test := range map[string]struct {
		local bool
		want  string // "": it is taken
	}{
		"https://hooks.example.com/s3cret": {},
		"http://127.0.0.1:8080/s3cret":     {want: "webhook is an address of your own machine, which only a local stack can deliver to; give a public one"},
		"http://127.0.0.1:8081/s3cret":     {local: true},
		"http://example.com/s3cret":        {want: "webhook is not an https URL"},
		"https://me:s3cret@example.com/":   {want: "webhook has a user's name or password"},
		mark:                               {want: "webhook is the mark by which a webhook is shown; give its URL"},
	} {
		var log bytes.Buffer
		j := newJobs(t)
		a := newAPI(j, links{}, &log)
		a.Local = test.local
		for _, path := range []string{"/check", "/v2/generate/video/kling/generation"} {
			body := fmt.Sprintf(`{"prompt":"a boat","webhook":%q}`, address)
			w := httptest.NewRecorder()
			a.Handler().ServeHTTP(w, call{"POST", path, nil, body}.request())
			said := strings.ReplaceAll(w.Body.String(), `\u0026`, "&")
			if (w.Code < 300) != (test.want == "") || !strings.Contains(said, test.want) {
				t.Errorf("%s of %s: %d %s", path, address, w.Code, said)
			}
			if text := said + log.String(); strings.Contains(text, "s3cret") {
				t.Errorf("%s of %s: the URL is in %s", path, address, text)
			}
		}
	}
	request := video.RequestOf(map[string]any{"model": "m", "prompt": "a boat", "duration": 5, "aspect_ratio": "16:9", "webhook": "https://hooks.example.com/s3cret"})
	j := newJobs(t)
	shown := j.views["done"]
	manifest := *shown.Manifest
	manifest.Request, shown.Request, shown.Manifest = request, &request, &manifest
	j.views["done"] = shown
	for _, path := range []string{"/videos/done", "/videos", "/v2/generate/video/kling/generation?generation_id=done"} {
		w := httptest.NewRecorder()
		newHandler(j, links{}, &bytes.Buffer{}).ServeHTTP(w, call{"GET", path, nil, ""}.request())
		if w.Code != http.StatusOK || strings.Contains(w.Body.String(), "s3cret") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}
