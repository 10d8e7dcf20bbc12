package server_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/api/apigateway"
	"github.com/takeup/takeup/internal/video"
)

// Whatever the body, the key and the type of a POST, it starts one job with a valid id or
// is refused as the client's mistake, and the reply is JSON.
func FuzzPost(f *testing.F) {
	f.Add([]byte(boat), "key-1", "application/json")
	f.Add([]byte(boat), "", "application/json; charset=utf-8")
	f.Add([]byte(`{"prompt":7,"duration":"5","cfg_scale":1e999}`), "ключ", "text/plain")
	f.Add([]byte(`{"model":"klingai/video-v3-pro-text-to-video","multi_prompt":[{"prompt":"a"}]}`), "../../jobs/x", "application/json")
	f.Add([]byte("[\x00\xff"), "a\nb", ";")
	f.Fuzz(func(t *testing.T, body []byte, key, contentType string) {
		j := newJobs(t)
		r := httptest.NewRequest(http.MethodPost, api.GenerationsPath, bytes.NewReader(body))
		r.Header.Set("Content-Type", contentType)
		r.Header.Set("Idempotency-Key", key)
		w := httptest.NewRecorder()
		newHandler(j, links{}, t.Output()).ServeHTTP(w, r)
		allowed := []int{http.StatusOK, http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType}
		if !slices.Contains(allowed, w.Code) || !json.Valid(w.Body.Bytes()) {
			t.Errorf("status %d: %s", w.Code, w.Body)
		}
		if started := len(j.requests); started != 0 && w.Code != http.StatusOK || started != 1 && w.Code == http.StatusOK {
			t.Errorf("status %d, and %d jobs were started", w.Code, started)
		}
		for id := range j.requests {
			if !video.ValidID(id) {
				t.Errorf("a job was started as %q", id)
			}
		}
	})
}

// Whatever path, method and query API Gateway passes on, the reply is JSON or a file, and never
// says that the server failed.
func FuzzEvent(f *testing.F) {
	f.Add("GET", "/videos/done", "status", "error")
	f.Add("DELETE", "/videos/queued", "discard", "true")
	f.Add("GET", "/videos/a%2Fb\x00?x#y", "limit", "7")
	f.Add("GET", "//example.com/%zz", "cursor", "\xff")
	f.Add("GET", "/batches/running/results", "format", "csv")
	f.Add("OPTIONS", "", "", "")
	f.Fuzz(func(t *testing.T, method, path, name, value string) {
		methods := []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} // API Gateway is given no other
		if !slices.Contains(methods, method) {
			method = methods[len(method)%len(methods)]
		}
		response, err := apigateway.Handler(newHandler(newJobs(t), links{}, t.Output()))(t.Context(), events.APIGatewayProxyRequest{
			HTTPMethod: method, Path: path, MultiValueQueryStringParameters: map[string][]string{name: {value}},
		})
		if err != nil || response.StatusCode >= 500 || response.StatusCode < 200 {
			t.Fatalf("%+v, %v", response, err)
		}
		file := len(response.MultiValueHeaders["Content-Disposition"]) > 0
		if response.Body != "" && !file && !json.Valid([]byte(response.Body)) {
			t.Errorf("%d: %s", response.StatusCode, response.Body)
		}
	})
}
