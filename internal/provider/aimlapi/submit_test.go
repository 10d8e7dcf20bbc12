package aimlapi_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/provider/aimlapi"
)

func TestStatuses(t *testing.T) {
	const own = `{"message":%s,"path":"/v2","requestId":"r","statusCode":"%d","timestamp":"2026-08-21T10:00:00.000Z"}`
	for _, c := range []struct {
		status  int
		message string // JSON; empty: an intermediary's page
		kind    provider.RefusalKind
		said    string
	}{
		{429, `"Too Many Requests"`, provider.RefusedBusy, "Too Many Requests"},
		{429, "", provider.RefusedBusy, "status 429, with no words"},
		{400, `["prompt should not be empty","duration must be 5 or 10"]`, provider.RefusedInvalid, "prompt should not be empty; duration must be 5 or 10"},
		{400, `"Bad\n  Request"`, provider.RefusedInvalid, "Bad Request"},
		{400, `{"field":"prompt"}`, provider.RefusedInvalid, `{"field":"prompt"}`},
		{400, `null`, provider.RefusedInvalid, "status 400, with no words"},
		{400, "", provider.RefusedInvalid, "status 400, with no words"},
		{401, `"Unauthorized"`, provider.RefusedKey, "Unauthorized"},
		{401, "", provider.RefusedKey, "status 401, with no words"},
		{403, `"You've run out of credits."`, provider.RefusedFunds, "You've run out of credits."},
		{403, "", provider.RefusedFunds, "status 403, with no words"},
		{402, `"Insufficient credits"`, provider.RefusedFunds, "Insufficient credits"},
		{404, `"Not Found"`, provider.RefusedUnknown, "Not Found"},
		{405, `"no"`, provider.RefusedInvalid, "no"},
		{413, `"too large"`, provider.RefusedInvalid, "too large"},
		{415, `"not JSON"`, provider.RefusedInvalid, "not JSON"},
		{422, `["a"]`, provider.RefusedInvalid, "a"},
		// Without the provider's error body, these may be an intermediary's.
		{402, "", "", ""}, {402, "null", "", ""}, {404, "", "", ""}, {404, "null", "", ""}, {405, "", "", ""}, {413, "", "", ""}, {415, "", "", ""}, {422, "", "", ""},
		// None of these says whether the request was accepted.
		{202, "", "", ""}, {204, "", "", ""}, {301, "", "", ""}, {304, "", "", ""}, {408, `"no"`, "", ""}, {409, `"no"`, "", ""},
		{500, `"no"`, "", ""}, {502, "", "", ""}, {503, `"no"`, "", ""}, {504, "", "", ""}, {524, "", "", ""},
	} {
		t.Run(fmt.Sprintf("%d %s", c.status, c.message), func(t *testing.T) {
			body := "<html>no</html>"
			if c.message != "" {
				body = fmt.Sprintf(own, c.message, c.status)
			}
			if c.status == 204 || c.status == 304 {
				body = ""
			}
			client := serve(t, answer(c.status, body, "X-Inference-Id", id, "Retry-After", "7"))
			_, posted := submit(t, client)
			_, read := client.Retrieve(t.Context(), key(), at(aimlapi.RouteLegacy, id+":"+model))
			for err, candidate := range map[error]provider.Handle{posted: at(aimlapi.RouteLegacy, id), read: ""} {
				if c.kind == "" {
					if got := asUnanswered(t, err); got.RetryAfter != 7*time.Second || got.Candidate != candidate {
						t.Errorf("%+v", got)
					}
					continue
				}
				if got := asRefusal(t, err); got.Kind != c.kind || got.Said != c.said || got.RetryAfter != 7*time.Second {
					t.Errorf("%+v", got)
				}
			}
		})
	}
}

// Errors are read in the shapes that APIs commonly use.
func TestErrorsOfAnyShape(t *testing.T) {
	for body, want := range map[string]string{
		`{"error":"no credits left"}`:                                              "no credits left",
		`{"error":{"message":"no credits left","code":7}}`:                         "no credits left",
		`{"error":{"type":"billing","message":["no","credits"]}}`:                  "billing: no; credits",
		`{"error":{"error":{"detail":"no credits left"}}}`:                         "no credits left",
		`{"errors":[{"message":"a"},"b",null,{"detail":{"reason":"c"}}]}`:          "a; b; c",
		`{"detail":[{"loc":["body"],"msg":"a","type":"value_error"}]}`:             "value_error: a",
		`{"message":{"name":"Forbidden","description":"no credits left"}}`:         "Forbidden: no credits left",
		`{"message":null,"error":"no credits left"}`:                               "no credits left",
		`{"message":"key sk-0123456789abcdef0123 at https://a.example/x?sig=abc"}`: "key [key] at https://a.example/x?[query]",
	} {
		_, err := submit(t, serve(t, answer(402, body)))
		if got := asRefusal(t, err); got.Kind != provider.RefusedFunds || got.Said != want {
			t.Errorf("%s: %+v", body, got)
		}
	}
}

// A refusal by status stays one if the rest of the response is lost.
func TestRefusalWithBrokenBody(t *testing.T) {
	c := serve(t, answer(429, `{"message":`, "Content-Length", "4000", "Retry-After", "9"))
	_, err := submit(t, c)
	if got := asRefusal(t, err); got.Kind != provider.RefusedBusy || got.RetryAfter != 9*time.Second {
		t.Errorf("%+v", got)
	}
}

func TestAcceptedThoughGarbled(t *testing.T) {
	for name, c := range map[string]struct {
		body   string
		header []string
		id     string
	}{
		"not JSON":                     {"<html>", nil, ""},
		"not JSON, id in the header":   {"<html>", []string{"X-Inference-Id", id}, id},
		"empty, id in the header":      {"", []string{"X-Inference-Id", id}, id},
		"no id in the body":            {`{"status":"queued"}`, []string{"X-Inference-Id", id}, id},
		"an odd id, one in the header": {`{"id":"a b","status":"queued"}`, []string{"X-Inference-Id", id}, id},
		"an id that is a number":       {`{"id":7,"status":"queued"}`, []string{"X-Inference-Id", id}, id},
		"an odd id in the header":      {"<html>", []string{"X-Inference-Id", "a b"}, ""},
		"a long id in the header":      {"<html>", []string{"X-Inference-Id", strings.Repeat("x", 201)}, ""},
		"no status":                    {`{"id":"own"}`, []string{"X-Inference-Id", id}, "own"},
		"a status that is a number":    {`{"id":"own","status":7}`, []string{"X-Inference-Id", id}, "own"},
		"a status that is null":        {`{"id":"own","status":null}`, nil, "own"},
		"cut after the headers":        {`{"id":"own","st`, []string{"Content-Length", "100", "X-Inference-Id", id}, id},
		"cut after the headers, no id": {`{"id":"own","st`, []string{"Content-Length", "100"}, ""},
		"over the cap":                 {`{"id":"own","status":"queued","x":"` + strings.Repeat("x", 5<<20) + `"}`, []string{"X-Inference-Id", id}, id},
	} {
		for _, status := range []int{200, 201} {
			t.Run(fmt.Sprintf("%s %d", name, status), func(t *testing.T) {
				generation, err := submit(t, serve(t, answer(status, c.body, c.header...)))
				if c.id == "" {
					_ = asUnanswered(t, err)
					return
				}
				if err != nil || generation.ID != c.id || generation.State != provider.Running || generation.Handle != at(aimlapi.RouteLegacy, c.id) {
					t.Errorf("%+v, %v", generation, err)
				}
			})
		}
	}
}

// A server that reads the request and sends no answer gets it once. Neither Go's transport
// nor the client sends it again, whether or not the connection was reused.
func TestPostIsNeverRepeated(t *testing.T) {
	for name, end := range map[string]func(net.Conn){
		"closed": func(conn net.Conn) { _ = conn.Close() },
		"reset": func(conn net.Conn) {
			_ = conn.(*net.TCPConn).SetLinger(0)
			_ = conn.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			var posts atomic.Int64
			c := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodGet {
					answer(200, `{"id":"`+id+`","status":"queued"}`)(w, r)
					return
				}
				posts.Add(1)
				if _, err := io.Copy(io.Discard, r.Body); err != nil {
					t.Error(err)
				}
				conn, _, err := http.NewResponseController(w).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				end(conn)
			})
			for i := range int64(5) {
				if _, err := c.Retrieve(t.Context(), key(), at(aimlapi.RouteLegacy, id)); err != nil {
					t.Fatal(err)
				}
				_, err := submit(t, c)
				_ = asUnanswered(t, err)
				if posts.Load() != i+1 {
					t.Fatalf("%d submissions made %d posts", i+1, posts.Load())
				}
			}
		})
	}
}

// The server silently closes each connection after one answer: a submission on a reused
// connection would break.
func TestPostHasAConnectionOfItsOwn(t *testing.T) {
	var posts atomic.Int64
	var connections atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		posts.Add(1)
		if !r.Close {
			t.Error("it wants to keep the connection")
		}
		answer(201, `{"id":"`+id+`","status":"queued"}`)(w, r)
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	c := client(server.URL)
	for range 5 {
		if _, err := submit(t, c); err != nil {
			t.Error(err)
		}
		server.CloseClientConnections()
	}
	if posts.Load() != 5 || connections.Load() != 5 {
		t.Errorf("%d posts over %d connections", posts.Load(), connections.Load())
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	var elsewhere atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer other.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		var calls atomic.Int64
		c := serve(t, func(w http.ResponseWriter, r *http.Request) {
			calls.Add(1)
			answer(status, "", "Location", other.URL+"/"+r.Method)(w, r)
		})
		_, err := submit(t, c)
		_ = asUnanswered(t, err)
		_, err = c.Retrieve(t.Context(), key(), at(aimlapi.RouteLegacy, id))
		_ = asUnanswered(t, err)
		if calls.Load() != 2 || elsewhere.Load() != 0 {
			t.Errorf("%d: %d calls here, %d elsewhere", status, calls.Load(), elsewhere.Load())
		}
	}
}

func TestConnectionNeverMade(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := "http://" + listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = submit(t, client(address))
	if got := asRefusal(t, err); got.Kind != provider.RefusedUnreachable || got.Said == "" {
		t.Errorf("refused connection: %+v", got)
	}
	_, err = client(address).Retrieve(t.Context(), key(), at(aimlapi.RouteLegacy, id))
	_ = asUnanswered(t, err)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("a call was made after its end") })
	_, err = c.Submit(ctx, key(), "job.1", boat(t))
	if got := asRefusal(t, err); got.Kind != provider.RefusedUnreachable {
		t.Errorf("cancelled before: %+v", got)
	}
	for _, url := range []string{"", "api.example", "http://[", "ftp://127.0.0.1"} {
		_, err = submit(t, client(url))
		if got := asRefusal(t, err); got.Kind != provider.RefusedUnreachable {
			t.Errorf("base URL %q: %+v", url, got)
		}
	}
}

func TestCallThatEndsInTheMiddle(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			t.Error(err)
		}
		cancel()
		<-r.Context().Done()
	})
	_, err := c.Submit(ctx, key(), "job.1", boat(t))
	if got := asUnanswered(t, err); !errors.Is(got, context.Canceled) {
		t.Errorf("%v", got)
	}
}
