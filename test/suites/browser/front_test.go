package browser

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/takeup/takeup/internal/api"
)

// front is a proxy between the browser and the API. It records what the page sends, and lets a
// test disturb it. Its origin differs from that of the videos, as in AWS.
type front struct {
	server *httptest.Server

	mu       sync.Mutex
	requests []sent
	disturb  func(*http.Request) disturbance
	invented []string // the next answers for invent
}

// sent is a request from the page.
type sent struct {
	method, path, query, key string
}

// disturbance is what a test does to a request.
type disturbance int

const (
	pass disturbance = iota
	// refuse answers 503 without asking the API.
	refuse
	// deny answers 401, as for a token that was replaced.
	deny
	// hold answers only when the browser has given up or the test has ended.
	hold
	// lose forwards the request to the API and withholds its answer from the browser.
	lose
	// invent sends the next invented answer, or holds if none is left.
	invent
)

// newFront starts a proxy to the API at target.
func newFront(t *testing.T, target string) *front {
	to, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	f := &front{}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) },
		// A browser that closes a tab closes its connections.
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	f.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch f.note(r) {
		case refuse:
			answer(w, http.StatusServiceUnavailable, "AWS did not do its part; ask again")
		case deny:
			answer(w, http.StatusUnauthorized, "The token is missing or wrong.")
		case invent:
			if body := f.invention(); body != "" {
				w.Header().Set("Content-Type", "application/json")
				_, _ = w.Write([]byte(body)) // the browser may be gone
				return
			}
			wait(r)
		case hold:
			wait(r)
		case lose:
			proxy.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		default:
			proxy.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(f.server.Close)
	// Release held requests before the server waits for them.
	t.Cleanup(f.server.CloseClientConnections)
	return f
}

// wait returns when the browser has closed the connection. The server notices that only once the
// body was read.
func wait(r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // the browser may be gone
	<-r.Context().Done()
}

func answer(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(`{"message": "` + message + `"}`)) // the browser may be gone
}

// invent sets the bodies of the answers to the next disturbed requests, one each.
func (f *front) invent(bodies ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.invented = bodies
}

// invention removes and returns the next invented answer.
func (f *front) invention() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.invented) == 0 {
		return ""
	}
	body := f.invented[0]
	f.invented = f.invented[1:]
	return body
}

func (f *front) note(r *http.Request) disturbance {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests = append(f.requests, sent{r.Method, r.URL.Path, r.URL.RawQuery, r.Header.Get("Idempotency-Key")})
	if f.disturb == nil {
		return pass
	}
	return f.disturb(r)
}

// disturbing disturbs the requests until the test ends, or stop is called.
func (f *front) disturbing(t *testing.T, how func(*http.Request) disturbance) (stop func()) {
	set := func(how func(*http.Request) disturbance) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.disturb = how
	}
	set(how)
	stop = func() { set(nil) }
	t.Cleanup(stop)
	return stop
}

// on disturbs the requests whose path ends with end.
func on(end string, what disturbance) func(*http.Request) disturbance {
	return func(r *http.Request) disturbance {
		if strings.HasSuffix(r.URL.Path, end) {
			return what
		}
		return pass
	}
}

// keys returns the Idempotency-Key of each POST for a video after the first n requests.
func (f *front) keys(n int) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var keys []string
	for _, r := range f.requests[n:] {
		if r.method == http.MethodPost && strings.HasSuffix(r.path, api.GenerationsPath) {
			keys = append(keys, r.key)
		}
	}
	return keys
}

// since returns the requests after the first n.
func (f *front) since(n int) []sent {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.requests[n:])
}

// count returns the number of requests so far.
func (f *front) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.requests)
}
