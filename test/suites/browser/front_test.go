package browser

import (
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

// front stands between the browser and the API, writes down what the page sends,
// and lets a test disturb it. It has another origin than the videos, as in AWS.
type front struct {
	server *httptest.Server

	mu       sync.Mutex
	requests []sent
	disturb  func(*http.Request) disturbance
	invented []string // the next answers of invent
}

// sent is a request of the page.
type sent struct {
	method, path, query, key string
}

// disturbance is what a test does to a request.
type disturbance int

const (
	pass disturbance = iota
	// refuse answers 503 in the API's place, which isn't asked.
	refuse
	// deny answers 401, as to a token that was exchanged.
	deny
	// hold answers when the browser has given up, or the test has ended.
	hold
	// lose asks the API, and keeps its answer from the browser.
	lose
	// invent gives the next of the invented answers, or holds where none is left.
	invent
)

// newFront stands before the API at an address.
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
			<-r.Context().Done()
		case hold:
			<-r.Context().Done()
		case lose:
			proxy.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		default:
			proxy.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(f.server.Close)
	// What is still held is let go before the server waits for it.
	t.Cleanup(f.server.CloseClientConnections)
	return f
}

func answer(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(`{"message": "` + message + `"}`)) // the browser may be gone
}

// invent has the next requests that are disturbed so answered with bodies, one each.
func (f *front) invent(bodies ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.invented = bodies
}

// invention takes the next of the invented answers.
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

// on disturbs the requests whose path ends so.
func on(end string, what disturbance) func(*http.Request) disturbance {
	return func(r *http.Request) disturbance {
		if strings.HasSuffix(r.URL.Path, end) {
			return what
		}
		return pass
	}
}

// keys returns the Idempotency-Key of each POST for a video since the first n requests.
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

// since returns the requests since the first n.
func (f *front) since(n int) []sent {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.requests[n:])
}

// count is how many requests there were.
func (f *front) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.requests)
}
