package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// answer is what the fake API gives to one call.
type answer struct {
	status int
	body   string
	header map[string]string
}

const token = "the-token"

// fakeAPI speaks the API's shape, from a script: the answers to POSTs and those
// to GETs, the last of each again and again.
type fakeAPI struct {
	*httptest.Server
	posts, gets []answer
	videos      []http.HandlerFunc

	mu    sync.Mutex
	calls []call
}

// call is one that the fake was made.
type call struct {
	method, path, key string
	body              map[string]any
}

func newFakeAPI(t *testing.T) *fakeAPI {
	f := &fakeAPI{}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

func (f *fakeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r.URL.Path == "/video" {
		next(&f.videos)(w, r)
		return
	}
	if r.Header.Get("Authorization") != "Bearer "+token {
		reply(w, answer{status: 401, body: `{"message":"The token is missing or wrong.","statusCode":401}`})
		return
	}
	made := call{method: r.Method, path: r.URL.RequestURI(), key: r.Header.Get("Idempotency-Key")}
	if r.Method == http.MethodPost {
		data, _ := io.ReadAll(r.Body)
		_ = json.Unmarshal(data, &made.body)
	}
	f.calls = append(f.calls, made)
	if r.Method == http.MethodPost {
		reply(w, next(&f.posts))
		return
	}
	reply(w, next(&f.gets))
}

// next takes the first of a list, and leaves the last.
func next[T any](list *[]T) T {
	first := (*list)[0]
	if len(*list) > 1 {
		*list = (*list)[1:]
	}
	return first
}

func reply(w http.ResponseWriter, a answer) {
	for name, value := range a.header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(a.status)
	fmt.Fprint(w, a.body)
}

func posted() answer { return answer{status: 200, body: state("queued")} }

func state(word string) string {
	return fmt.Sprintf(`{"id":"api-1","status":%q,"video":null,"error":null,"meta":null}`, word)
}

func got(word string) answer { return answer{status: 200, body: state(word)} }

func (f *fakeAPI) completed() answer {
	return answer{status: 200, body: fmt.Sprintf(
		`{"id":"api-1","status":"completed","video":{"url":%q,"duration":5},"error":null,"meta":{"usage":{"credits_used":1120000}}}`,
		f.URL+"/video?signature=private")}
}

func serveVideo(content string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, content) }
}

// brokenVideo promises more than it sends.
func brokenVideo(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "1000")
	fmt.Fprint(w, "half a vid")
}

// testWorld has a clock that only sleeping moves.
type testWorld struct {
	*world
	text  *bytes.Buffer
	slept []time.Duration
}

func newTestWorld(t *testing.T) *testWorld {
	t.Helper()
	text := &bytes.Buffer{}
	clock := time.Unix(1_800_000_000, 0)
	w := &testWorld{text: text}
	w.world = &world{
		out: text, http: &http.Client{}, random: strings.NewReader(strings.Repeat("sixteen bytes ok", 4)),
		now: func() time.Time { return clock },
		sleep: func(ctx context.Context, d time.Duration) error {
			w.slept = append(w.slept, d)
			clock = clock.Add(d)
			return context.Cause(ctx)
		},
	}
	return w
}
