package aimlapi

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/video"
)

func TestWordsOfTheProvider(t *testing.T) {
	for word, want := range map[string]provider.State{
		"queued": provider.Running, "generating": provider.Running, "waiting": provider.Running, "active": provider.Running, "processing": provider.Running,
		"completed": provider.Finished, "succeeded": provider.Finished,
		"error": provider.Failed, "failed": provider.Failed, "expired": provider.Failed,
		"EXPIRED": provider.Failed, "Expired": provider.Failed, " expired ": provider.Failed, "timed_out": provider.Failed, "Timed Out": provider.Failed, "CANCELED": provider.Failed, "cancelled": provider.Failed,
		"Completed": provider.Finished, " COMPLETED\n": provider.Finished, "SUCCEED": provider.Finished, "success": provider.Finished, "QUEUED": provider.Running, "Not Completed": provider.Running, "not_failed": provider.Running,
		"": provider.Running, "rendering": provider.Running, "done?": provider.Running, "Completed!": provider.Running,
	} {
		if got := state(word); got != want {
			t.Errorf("%q is %s, want %s", word, got, want)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 8, 21, 10, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "7": 7 * time.Second, "0": 0, "-7": 0, "1.5": 0, "soon": 0, "7s": 0,
		"86401": 24 * time.Hour, "9223372036854775807": 24 * time.Hour, "99999999999999999999": 0,
		"Fri, 21 Aug 2026 10:00:30 GMT":    30 * time.Second,
		"Fri, 21 Aug 2026 09:59:00 GMT":    0,
		"Fri, 21 Aug 2226 10:00:00 GMT":    24 * time.Hour,
		"Friday, 21-Aug-26 10:00:30 GMT":   30 * time.Second,
		"Fri Aug 21 10:00:30 2026":         30 * time.Second,
		"2026-08-21T10:00:30Z":             0,
		"Fri, 21 Aug 2026 10:00:30 +02:00": 0,
	} {
		if got := retryAfter(http.Header{"Retry-After": {value}}, now); got != want {
			t.Errorf("%q is %s, want %s", value, got, want)
		}
	}
}

// Submissions use HTTP/1.1 even to a server with HTTP/2, which may resend a refused stream
// by itself.
func TestSubmissionsSpeakHTTP1(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 1 {
			t.Errorf("submitted by %s", r.Proto)
		}
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write([]byte(`{"id":"1","status":"queued"}`))
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	c := New(Config{BaseURL: server.URL, Route: RouteLegacy, Now: time.Now})
	c.submissions.Transport.(*http.Transport).TLSClientConfig.RootCAs = server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	request, err := catalogue.OfPrompt(all.Models(), "a paper boat")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Submit(t.Context(), video.Key{Value: "a-key-of-the-test"}, "job.1", request); err != nil {
		t.Error(err)
	}
	// A server with an unknown certificate receives nothing.
	c = New(Config{BaseURL: server.URL, Route: RouteLegacy, Now: time.Now})
	_, err = c.Submit(t.Context(), video.Key{Value: "a-key-of-the-test"}, "job.1", request)
	if refusal, ok := err.(*provider.Refusal); !ok || refusal.Kind != provider.RefusedUnreachable {
		t.Errorf("with an unknown certificate: %v", err)
	}
}

// longest is the maximum length of words in bytes: 500 runes and an ellipsis.
const longest = 501 * utf8.UTFMax

func fit(t *testing.T, text string) {
	t.Helper()
	if len(text) > longest || !utf8.ValidString(text) || strings.ContainsAny(text, "\n\r\t") {
		t.Errorf("not one short line: %q", text)
	}
}

func FuzzParseGeneration(f *testing.F) {
	for _, seed := range []string{
		`{"id":"1","status":"queued"}`,
		`{"id":"1:kling-video/v1/pro/text-to-video","status":"completed","video":{"url":"https://cdn.example/v.mp4"},"error":null,"meta":{"usage":{"credits_used":1960000}}}`,
		`{"id":"1","status":"completed","video":[{"url":"https://cdn.example/v.mp4"}]}`,
		`{"id":"1","status":"error","error":{"name":"Moderation","message":["a","b"]}}`,
		`{"id":"1","status":"error","error":7}`, `{"id":"1","status":["a"]}`, `{"id":"1","meta":{"usage":{"credits_used":1e300}}}`,
		`{"data":{"id":"1","status":" EXPIRED "},"id":"r"}`, `{"id":"1","status":"Failed","error":{"error":[{"message":{"detail":"a"}}]}}`,
		`{"id":"1","status":"error","error":"https://a:b@c.example/d?e=f#g"}`, `{"id":"1","meta":{"usage":{"credits_used":"7"}}}`,
		`null`, `[]`, `{"id":"a b"}`, "{\"id\":\"\xff\"}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		g, err := parseGeneration(body)
		if err != nil {
			if g != (provider.Generation{}) {
				t.Errorf("a generation with an error: %+v", g)
			}
			return
		}
		if !validID(g.ID) || g.Micros < 0 || g.Handle != "" {
			t.Errorf("%+v", g)
		}
		fit(t, g.Word)
		fit(t, g.Failure)
		if g.State != provider.Failed && g.Failure != "" {
			t.Errorf("a failure of one that hasn't failed: %+v", g)
		}
		if again := line(g.Failure); strings.Contains(g.Failure, "://") && strings.ContainsAny(strings.ReplaceAll(again, "?[query]", ""), "?") && again != g.Failure {
			t.Errorf("cleaned again it is another: %q, %q", g.Failure, again)
		}
	})
}

func FuzzSaid(f *testing.F) {
	for _, seed := range []string{
		`{"message":"Too Many Requests","statusCode":"429"}`, `{"message":["a","b"]}`, `{"message":{"a":[1,null]}}`,
		`{"error":{"message":"a","code":"b"}}`, `{"errors":[{"detail":"a"},["b"]]}`, `{"error":{"error":{"error":{"error":{"error":{}}}}}}`,
		`{"message":null}`, `{"message":7}`, `{"message":"\ud800"}`, `"message"`, "", "{\"message\":\"\xff\"}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		said, own := reply{status: 400, body: body}.said()
		fit(t, said)
		if said == "" || own && !json.Valid(body) {
			t.Errorf("said %q, in its own shape: %v", said, own)
		}
		if len(body) == 0 && own {
			t.Error("nothing is in its own shape")
		}
	})
}

func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{"", "7", "-1", "9223372036854775807", "Fri, 21 Aug 2026 10:00:30 GMT", "Fri, 31 Dec 9999 23:59:59 GMT"} {
		f.Add(seed, int64(0))
	}
	f.Fuzz(func(t *testing.T, value string, now int64) {
		got := retryAfter(http.Header{"Retry-After": {value}}, time.Unix(now, 0))
		if got < 0 || got > 24*time.Hour {
			t.Errorf("%q is %s", value, got)
		}
	})
}
