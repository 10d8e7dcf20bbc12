package web_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/intake"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/web"
)

var update = flag.Bool("update", false, "write the golden files")

// jobs starts jobs and knows those that a test gives it.
type jobs struct {
	requests map[string]string // hashes, by id
	views    map[string]intake.View
	err      error
	panics   bool
}

func (j *jobs) Start(_ context.Context, id string, r video.Request) (intake.Receipt, error) {
	if j.panics {
		panic("a bug")
	}
	if j.err != nil {
		return intake.Receipt{}, j.err
	}
	if hash, ok := j.requests[id]; ok && hash != r.Hash() {
		return intake.Receipt{}, &intake.Mismatch{ID: id}
	}
	j.requests[id] = r.Hash()
	return intake.Receipt{ID: id}, nil
}

func (j *jobs) Status(_ context.Context, id string) (intake.View, error) {
	if j.err != nil {
		return intake.View{}, j.err
	}
	view, ok := j.views[id]
	if !ok {
		return intake.View{}, &video.NoEntry{ID: id}
	}
	return view, nil
}

// links makes URLs that a test can recognize.
type links struct{ err error }

func (l links) URL(_ context.Context, id string) (string, error) {
	return "https://videos.example/" + id + "?X-Amz-Signature=canary-url&x=1", l.err
}

// zeros is an endless source of no randomness.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

var at = time.Date(2026, 8, 21, 12, 0, 0, 250e6, time.UTC)

const (
	prompt = "canary-prompt: a paper boat"
	boat   = `{"model":"kling-video/v1/pro/text-to-video","prompt":"` + prompt + `"}`
)

func newJobs(t *testing.T) *jobs {
	t.Helper()
	r, err := video.NewRequest(prompt)
	if err != nil {
		t.Fatal(err)
	}
	return &jobs{requests: map[string]string{}, views: map[string]intake.View{
		"queued":     {ID: "queued", State: intake.Queued, Request: &r},
		"generating": {ID: "generating", State: intake.Generating, Request: &r},
		"done":       {ID: "done", State: intake.Completed, Request: &r, Manifest: &video.Manifest{ID: "done", Request: r, CreditsUsed: 1960000}},
		"failed":     {ID: "failed", State: intake.Failed, Request: &r, Ending: &video.EndingRecord{Error: "GenerationFailed", Message: "the provider ended it <&>", At: at}},
	}}
}

func newHandler(j *jobs, l links, log io.Writer) http.Handler {
	api := web.API{
		Starter: j, Desk: j, Videos: l, Random: zeros{}, Now: func() time.Time { return at },
		Log: slog.New(slog.NewJSONHandler(log, nil)),
	}
	return api.Handler()
}

// call is a request that a client sends, with the token that the API must not log.
type call struct {
	method, target string
	header         map[string]string
	body           string
}

func (c call) request() *http.Request {
	r := httptest.NewRequest(c.method, c.target, strings.NewReader(c.body))
	r.Header.Set("Authorization", "Bearer canary-token")
	r.Header.Set("X-Request-Id", "request-1")
	if c.body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for name, value := range c.header {
		r.Header.Set(name, value)
		if value == "-" {
			r.Header.Del(name)
		}
	}
	return r
}

// transcript writes a reply down as a client sees it.
func transcript(w *httptest.ResponseRecorder) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d %s\n", w.Code, http.StatusText(w.Code))
	for _, name := range slices.Sorted(maps.Keys(w.Header())) {
		fmt.Fprintf(&b, "%s: %s\n", name, strings.Join(w.Header()[name], ", "))
	}
	fmt.Fprintf(&b, "\n%s", w.Body)
	return b.String()
}

func TestReplies(t *testing.T) {
	const legacy, universal = web.LegacyPath, web.UniversalPath
	trouble := &video.ServiceUnavailable{Doing: "reading", Err: errors.New("arn:aws:secret-arn throttled")}
	key := map[string]string{"Idempotency-Key": "key-1"}
	for name, test := range map[string]struct {
		call
		before *call // sent first
		err    error // of every job
		urlErr error
		panics bool
	}{
		"post-legacy":            {call: call{"POST", legacy, nil, boat}},
		"post-universal":         {call: call{"POST", universal, nil, boat}},
		"post-charset":           {call: call{"POST", legacy, map[string]string{"Content-Type": "application/json; charset=UTF-8"}, boat}},
		"post-other-model":       {call: call{"POST", legacy, nil, `{"model":"klingai/video-v3-pro-text-to-video","multi_prompt":["a","b"]}`}},
		"post-key":               {call: call{"POST", legacy, key, boat}},
		"post-key-again":         {call: call{"POST", legacy, key, `{"ratio":"16:9",` + boat[1:]}, before: &call{"POST", legacy, key, boat}},
		"post-key-other-path":    {call: call{"POST", universal, key, boat}, before: &call{"POST", legacy, key, boat}},
		"post-key-other-body":    {call: call{"POST", legacy, key, `{"prompt":"another"}`}, before: &call{"POST", legacy, key, boat}},
		"post-key-empty":         {call: call{"POST", legacy, map[string]string{"Idempotency-Key": ""}, boat}},
		"post-key-long":          {call: call{"POST", legacy, map[string]string{"Idempotency-Key": strings.Repeat("x", 256)}, boat}},
		"post-key-space":         {call: call{"POST", legacy, map[string]string{"Idempotency-Key": "a key"}, boat}},
		"post-wrong-fields":      {call: call{"POST", legacy, nil, `{"prompt":"` + prompt + `","duration":7,"cfg_scale":2,"aspect_ratoi":"1:1"}`}},
		"post-unknown-model":     {call: call{"POST", legacy, nil, `{"model":"sora","prompt":"` + prompt + `"}`}},
		"post-broken-json":       {call: call{"POST", legacy, nil, `{"prompt":"` + prompt}},
		"post-not-an-object":     {call: call{"POST", legacy, nil, `["` + prompt + `"]`}},
		"post-no-body":           {call: call{"POST", legacy, map[string]string{"Content-Type": "application/json"}, ""}},
		"post-form":              {call: call{"POST", legacy, map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, boat}},
		"post-no-type":           {call: call{"POST", legacy, map[string]string{"Content-Type": "-"}, boat}},
		"post-text":              {call: call{"POST", legacy, map[string]string{"Content-Type": "text/plain"}, boat}},
		"post-broken-type":       {call: call{"POST", legacy, map[string]string{"Content-Type": "application/json; charset"}, boat}},
		"post-latin1":            {call: call{"POST", legacy, map[string]string{"Content-Type": "application/json; charset=iso-8859-1"}, boat}},
		"post-gzip":              {call: call{"POST", legacy, map[string]string{"Content-Encoding": "gzip"}, boat}},
		"post-too-large":         {call: call{"POST", legacy, nil, `{"prompt":"` + strings.Repeat("x", 64<<10) + `"}`}},
		"post-trouble":           {call: call{"POST", legacy, nil, boat}, err: trouble},
		"post-trouble-key":       {call: call{"POST", legacy, key, boat}, err: trouble},
		"post-panic":             {call: call{"POST", legacy, nil, boat}, panics: true},
		"get-queued":             {call: call{"GET", legacy + "?generation_id=queued", nil, ""}},
		"get-generating":         {call: call{"GET", universal + "?generation_id=generating", nil, ""}},
		"get-completed":          {call: call{"GET", universal + "?generation_id=done", nil, ""}},
		"get-error":              {call: call{"GET", legacy + "?generation_id=failed", nil, ""}},
		"get-unknown":            {call: call{"GET", legacy + "?generation_id=nobody", nil, ""}},
		"get-no-id":              {call: call{"GET", legacy, nil, ""}},
		"get-bad-id":             {call: call{"GET", legacy + "?generation_id=a%2Fb%0A", nil, ""}},
		"get-trouble":            {call: call{"GET", legacy + "?generation_id=done", nil, ""}, err: trouble},
		"get-no-url":             {call: call{"GET", legacy + "?generation_id=done", nil, ""}, urlErr: errors.New("no credentials")},
		"head":                   {call: call{"HEAD", legacy + "?generation_id=done", nil, ""}},
		"options":                {call: call{"OPTIONS", universal, nil, ""}},
		"delete":                 {call: call{"DELETE", legacy + "?generation_id=done", nil, ""}},
		"method-of-its-own":      {call: call{"BREW", universal, nil, ""}},
		"path-unknown":           {call: call{"GET", "/v2/images", nil, ""}},
		"path-slash":             {call: call{"POST", legacy + "/", nil, boat}},
		"path-double-slash":      {call: call{"POST", "/v2//video/generations", nil, boat}},
		"path-root":              {call: call{"GET", "/", nil, ""}},
		"path-dots":              {call: call{"GET", "/v2/../v2/video/generations", nil, ""}},
		"no-request-id":          {call: call{"GET", "/", map[string]string{"X-Request-Id": "-"}, ""}},
		"request-id-not-visible": {call: call{"GET", "/", map[string]string{"X-Request-Id": "a b"}, ""}},
	} {
		t.Run(name, func(t *testing.T) {
			j := newJobs(t)
			var log bytes.Buffer
			handler := newHandler(j, links{test.urlErr}, &log)
			if test.before != nil {
				handler.ServeHTTP(httptest.NewRecorder(), test.before.request())
				log.Reset()
			}
			j.err, j.panics = test.err, test.panics
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, test.request())
			golden(t, name, transcript(w))
			if said := log.String(); strings.Count(said, "\n") != 1 || strings.Contains(said, "canary") || strings.Contains(said, "boat") {
				t.Errorf("logged %s", said)
			}
			if strings.Contains(w.Body.String(), "secret-arn") || strings.Contains(w.Body.String(), prompt) {
				t.Errorf("replied %s", w.Body)
			}
			if id := w.Header().Get("X-Inference-Id"); id != "" && !strings.Contains(log.String(), `"job":"`+id+`"`) {
				t.Errorf("logged without the job: %s", &log)
			}
			if w.Code != http.StatusNoContent {
				hold(t, test.method, w)
			}
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestTheSameKeyIsTheSameReplyAfterTheEnd(t *testing.T) {
	j := newJobs(t)
	handler := newHandler(j, links{}, io.Discard)
	c := call{"POST", web.UniversalPath, map[string]string{"Idempotency-Key": "key-1"}, boat}
	var replies []string
	for range 2 {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, c.request())
		replies = append(replies, transcript(w))
		id := w.Header().Get("X-Inference-Id")
		j.views[id] = intake.View{ID: id, State: intake.Failed, Ending: &video.EndingRecord{Error: "GenerationFailed"}}
	}
	if replies[0] != replies[1] || len(j.requests) != 1 {
		t.Errorf("got\n%s\nand\n%s", replies[0], replies[1])
	}
}

func TestTwoKeysInOneRequest(t *testing.T) {
	r := call{"POST", web.LegacyPath, nil, boat}.request()
	r.Header["Idempotency-Key"] = []string{"a", "b"}
	w := httptest.NewRecorder()
	newHandler(newJobs(t), links{}, io.Discard).ServeHTTP(w, r)
	if w.Code != http.StatusBadRequest {
		t.Errorf("got %s", transcript(w))
	}
}

// broken is a source of neither randomness nor a body.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestWhatCantBeRead(t *testing.T) {
	r := call{"POST", web.LegacyPath, nil, boat}.request()
	r.Body = io.NopCloser(broken{})
	w := httptest.NewRecorder()
	newHandler(newJobs(t), links{}, io.Discard).ServeHTTP(w, r)
	if w.Code != http.StatusBadRequest {
		t.Errorf("a body that breaks off: %s", transcript(w))
	}

	j := newJobs(t)
	api := web.API{Starter: j, Desk: j, Videos: links{}, Random: broken{}, Now: time.Now, Log: slog.New(slog.DiscardHandler)}
	w = httptest.NewRecorder()
	api.Handler().ServeHTTP(w, call{"POST", web.LegacyPath, map[string]string{"X-Request-Id": "-"}, boat}.request())
	if w.Code != http.StatusServiceUnavailable || len(j.requests) > 0 {
		t.Errorf("no randomness: %s", transcript(w))
	}
}
