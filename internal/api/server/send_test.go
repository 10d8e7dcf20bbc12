package server_test

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/api/apigateway"
	"github.com/takeup/takeup/internal/video"
)

// A POST without an Idempotency-Key is passed on with the client's count of retries, and
// the time at which API Gateway received it.
func TestSend(t *testing.T) {
	received := at.Add(-3 * time.Second).Truncate(time.Millisecond)
	for name, test := range map[string]struct {
		headers map[string]string
		epoch   int64
		retry   int
		at      time.Time
	}{
		"no count":          {epoch: received.UnixMilli(), at: received},
		"the first":         {headers: map[string]string{"X-Stainless-Retry-Count": "0"}, epoch: received.UnixMilli(), at: received},
		"a retry":           {headers: map[string]string{"x-stainless-retry-count": "2"}, epoch: received.UnixMilli(), retry: 2, at: received},
		"no number":         {headers: map[string]string{"X-Stainless-Retry-Count": "two"}, epoch: received.UnixMilli(), at: received},
		"less than none":    {headers: map[string]string{"X-Stainless-Retry-Count": "-1"}, epoch: received.UnixMilli(), at: received},
		"more than any":     {headers: map[string]string{"X-Stainless-Retry-Count": "99999999999"}, epoch: received.UnixMilli(), at: received},
		"a time of its own": {headers: map[string]string{"X-Received-At": "1000"}, epoch: received.UnixMilli(), at: received},
		"no time at all":    {at: at},
	} {
		t.Run(name, func(t *testing.T) {
			j := newJobs(t)
			headers := map[string]string{"Content-Type": "application/json"}
			maps.Copy(headers, test.headers)
			event := events.APIGatewayProxyRequest{HTTPMethod: "POST", Path: api.GenerationsPath, Headers: headers, Body: boat}
			event.RequestContext.RequestTimeEpoch = test.epoch
			response, err := apigateway.Handler(newHandler(j, links{}, io.Discard))(t.Context(), event)
			if err != nil || response.StatusCode != http.StatusOK || len(j.posts) != 1 {
				t.Fatalf("%+v, %v", response, err)
			}
			if p := j.posts[0]; p.Retry != test.retry || !p.At.Equal(test.at) || !video.ValidID(p.ID) || !strings.Contains(response.Body, p.ID) {
				t.Errorf("sent as %+v, answered with %s", p, response.Body)
			}
		})
	}
}

// The owner is the authorizer's principal, whatever the client's headers say. Two owners
// can use the same key.
func TestOwner(t *testing.T) {
	j := newJobs(t)
	post := func(owner any, key string) string {
		t.Helper()
		headers := map[string]string{"Content-Type": "application/json", "X-Token-Owner": "mallory"}
		if key != "" {
			headers["Idempotency-Key"] = key
		}
		event := events.APIGatewayProxyRequest{HTTPMethod: "POST", Path: api.GenerationsPath, Headers: headers, Body: boat}
		event.RequestContext.Authorizer = map[string]any{"principalId": owner, "integrationLatency": 20}
		response, err := apigateway.Handler(newHandler(j, links{}, io.Discard))(t.Context(), event)
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("%+v, %v", response, err)
		}
		return response.Body
	}
	for _, key := range []string{"", "key-1"} {
		for owner, want := range map[any]string{"alice": "alice", "bob": "bob", nil: "", 3: ""} {
			post(owner, key)
			if j.owner != want {
				t.Errorf("the job of %v is %q's", owner, j.owner)
			}
		}
	}
	first := post("alice", "key-2")
	if first == post("bob", "key-2") {
		t.Error("the key of one is that of another")
	}
	if again := post("alice", "key-2"); again != first {
		t.Error("the same key is two jobs")
	}
}

// With an Idempotency-Key, a count of retries is ignored.
func TestKeyAndRetryCount(t *testing.T) {
	j := newJobs(t)
	c := call{"POST", api.KlingGenerationPath, map[string]string{"Idempotency-Key": "a", "X-Stainless-Retry-Count": "1"}, boat}
	w := httptest.NewRecorder()
	newHandler(j, links{}, io.Discard).ServeHTTP(w, c.request())
	if w.Code != http.StatusCreated || len(j.posts) > 0 || len(j.requests) != 1 {
		t.Errorf("got %s, sent %v", transcript(w), j.posts)
	}
}
