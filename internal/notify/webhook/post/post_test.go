package post_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/notify/webhook/post"
)

func TestSend(t *testing.T) {
	release := make(chan struct{})
	var got *http.Request
	var body []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/s3cret":
			got = r
			body, _ = io.ReadAll(r.Body)
		case "/redirect":
			http.Redirect(w, r, "http://169.254.169.254/latest/meta-data/", http.StatusFound)
		case "/later":
			w.Header().Set("Retry-After", "120")
			w.WriteHeader(http.StatusServiceUnavailable)
		case "/much-later":
			w.Header().Set("Retry-After", "999999")
			w.WriteHeader(http.StatusTooManyRequests)
		case "/gone":
			w.WriteHeader(http.StatusGone)
		case "/die":
			panic(http.ErrAbortHandler)
		case "/endless":
			_, _ = w.Write(make([]byte, 1<<20))
			w.(http.Flusher).Flush()
			<-release
		case "/stall":
			<-release
		}
	}))
	defer server.Close()
	defer close(release)
	closed := httptest.NewServer(nil)
	closed.Close()
	private := httptest.NewTLSServer(http.NotFoundHandler())
	defer private.Close()
	sender := post.New(true, time.Now)
	for path, want := range map[string]struct {
		said            string
		delivered, gone bool
		retry           time.Duration
	}{
		server.URL + "/s3cret":              {"answered 200", true, false, 0},
		server.URL + "/endless":             {"answered 200", true, false, 0},
		server.URL + "/redirect":            {"answered 302, and redirects are not followed", false, false, 0},
		server.URL + "/later":               {"answered 503", false, false, 2 * time.Minute},
		server.URL + "/much-later":          {"answered 429", false, false, time.Hour},
		server.URL + "/gone":                {"answered 410", false, true, 0},
		server.URL + "/die":                 {"broke off the connection", false, false, 0},
		closed.URL + "/":                    {"refused the connection", false, false, 0},
		private.URL + "/":                   {"its certificate is not valid", false, false, 0},
		"https://nobody.invalid/":           {"its host has no address", false, false, 0},
		"https://10.0.0.1/s3cret":           {"its host has an address that is not public", false, false, 0},
		"http://example.com/s3cret":         {"its address is not https", false, false, 0},
		"https://me:s3cret@example.com/":    {"its address carries a user's name", false, false, 0},
		"https://[fd00:ec2::254]/s3cret":    {"its host has an address that is not public", false, false, 0},
		"https://example.com\x00/s3cret":    {"its address can't be read", false, false, 0},
		"https://2852039166/latest/s3cret/": {"its host is an address in an unusual spelling", false, false, 0},
	} {
		r := sender.Send(t.Context(), path, http.Header{"Webhook-Id": {"a.1"}}, []byte(`{"a":1}`), 10*time.Second)
		if r.String() != want.said || r.Delivered() != want.delivered || r.Gone() != want.gone || r.RetryAfter != want.retry {
			t.Errorf("%q %s: %+v", path, r, r)
		}
		if strings.Contains(r.String(), "s3cret") {
			t.Errorf("%q is in %s", path, r)
		}
		if strings.HasSuffix(path, "/s3cret") && r.Delivered() && (got.Method != "POST" || string(body) != `{"a":1}` || got.Header.Get("webhook-id") != "a.1" || got.Header.Get("Content-Type") != "application/json") {
			t.Errorf("it was sent %v: %s", got, body)
		}
	}
	if r := sender.Send(t.Context(), server.URL+"/stall", nil, nil, 50*time.Millisecond); r.String() != "did not answer within 0.05 s" || r.Took < 50*time.Millisecond {
		t.Errorf("%s after %s", r, r.Took)
	}
	if r := post.New(false, time.Now).Send(t.Context(), "https"+strings.TrimPrefix(private.URL, "https"), nil, nil, time.Second); r.String() != "its host has an address that is not public" {
		t.Errorf("on a stack in an account it %s", r)
	}
}

// A receiver that accepts the connection and says nothing is given up, too.
func TestSilentReceiver(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if r := post.New(true, time.Now).Send(t.Context(), "https://"+listener.Addr().String(), nil, nil, 50*time.Millisecond); r.Status != 0 || !strings.HasPrefix(r.String(), "did not answer") {
		t.Errorf("it %s", r)
	}
}
