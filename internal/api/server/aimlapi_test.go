package server_test

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/jobs/view"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/contract"
	"github.com/takeup/takeup/internal/video"
)

// aimlapiReplies are the replies on the paths of AI/ML API.
func aimlapiReplies() map[string]reply {
	const legacy, universal = api.KlingGenerationPath, api.GenerationsPath
	key := map[string]string{"Idempotency-Key": "key-1"}
	return map[string]reply{
		"post-legacy":                   {call: call{"POST", legacy, nil, boat}},
		"post-universal":                {call: call{"POST", universal, nil, boat}},
		"post-charset":                  {call: call{"POST", legacy, map[string]string{"Content-Type": "application/json; charset=UTF-8"}, boat}},
		"post-other-model":              {call: call{"POST", legacy, nil, `{"model":"klingai/video-v3-pro-text-to-video","multi_prompt":["a","b"]}`}},
		"post-nulls":                    {call: call{"POST", universal, nil, `{"model":null,"prompt":"a boat","duration":"5","cfg_scale":null,"ratio":"1:1"}`}},
		"post-key":                      {call: call{"POST", legacy, key, boat}},
		"post-key-again":                {call: call{"POST", legacy, key, `{"ratio":"16:9",` + boat[1:]}, before: &call{"POST", legacy, key, boat}},
		"post-key-other-path":           {call: call{"POST", universal, key, boat}, before: &call{"POST", legacy, key, boat}},
		"post-key-other-body":           {call: call{"POST", legacy, key, `{"prompt":"another"}`}, before: &call{"POST", legacy, key, boat}},
		"post-key-other-body-universal": {call: call{"POST", universal, key, `{"prompt":"another"}`}, before: &call{"POST", legacy, key, boat}},
		"post-key-empty":                {call: call{"POST", legacy, map[string]string{"Idempotency-Key": ""}, boat}},
		"post-key-long":                 {call: call{"POST", legacy, map[string]string{"Idempotency-Key": strings.Repeat("x", 256)}, boat}},
		"post-key-space":                {call: call{"POST", legacy, map[string]string{"Idempotency-Key": "a key"}, boat}},
		"post-wrong-fields":             {call: call{"POST", legacy, nil, `{"prompt":"` + prompt + `","duration":7,"cfg_scale":2,"aspect_ratoi":"1:1"}`}},
		"post-wrong-field":              {call: call{"POST", universal, nil, `{"prompt":"` + prompt + `","duration":7}`}},
		"post-unknown-model":            {call: call{"POST", legacy, nil, `{"model":"sora","prompt":"` + prompt + `"}`}},
		"post-broken-json":              {call: call{"POST", legacy, nil, `{"prompt":"` + prompt}},
		"post-not-an-object":            {call: call{"POST", legacy, nil, `["` + prompt + `"]`}},
		"post-no-body":                  {call: call{"POST", legacy, map[string]string{"Content-Type": "application/json"}, ""}},
		"post-form":                     {call: call{"POST", legacy, map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, boat}},
		"post-no-type":                  {call: call{"POST", legacy, map[string]string{"Content-Type": "-"}, boat}},
		"post-text":                     {call: call{"POST", universal, map[string]string{"Content-Type": "text/plain"}, boat}},
		"post-broken-type":              {call: call{"POST", legacy, map[string]string{"Content-Type": "application/json; charset"}, boat}},
		"post-latin1":                   {call: call{"POST", legacy, map[string]string{"Content-Type": "application/json; charset=iso-8859-1"}, boat}},
		"post-gzip":                     {call: call{"POST", legacy, map[string]string{"Content-Encoding": "gzip"}, boat}},
		"post-too-large":                {call: call{"POST", legacy, nil, `{"prompt":"` + strings.Repeat("x", 64<<10) + `"}`}},
		"post-too-large-universal":      {call: call{"POST", universal, nil, `{"prompt":"` + strings.Repeat("x", 64<<10) + `"}`}},
		"post-trouble":                  {call: call{"POST", legacy, nil, boat}, err: trouble},
		"post-trouble-key":              {call: call{"POST", universal, key, boat}, err: trouble},
		"post-over-day":                 {call: call{"POST", legacy, key, boat}, err: overCapped("day", 0)},
		"post-over-owner":               {call: call{"POST", universal, key, boat}, err: overCapped("owner", 0)},
		"post-over-month":               {call: call{"POST", universal, nil, boat}, err: overCapped("month", 24*time.Hour)},
		"post-panic":                    {call: call{"POST", legacy, nil, boat}, panics: true},
		"get-queued":                    {call: call{"GET", legacy + "?generation_id=queued", nil, ""}},
		"get-generating":                {call: call{"GET", universal + "?generation_id=generating", nil, ""}},
		"get-completed":                 {call: call{"GET", universal + "?generation_id=done", nil, ""}},
		"get-gone":                      {call: call{"GET", universal + "?generation_id=gone", nil, ""}},
		"get-error":                     {call: call{"GET", legacy + "?generation_id=failed", nil, ""}},
		"get-cancelled":                 {call: call{"GET", legacy + "?generation_id=cancelled", nil, ""}},
		"get-unknown":                   {call: call{"GET", legacy + "?generation_id=nobody", nil, ""}},
		"get-unknown-universal":         {call: call{"GET", universal + "?generation_id=nobody", nil, ""}},
		"get-no-id":                     {call: call{"GET", legacy, nil, ""}},
		"get-no-id-universal":           {call: call{"GET", universal, nil, ""}},
		"get-bad-id":                    {call: call{"GET", legacy + "?generation_id=a%2Fb%0A", nil, ""}},
		"get-trouble":                   {call: call{"GET", legacy + "?generation_id=done", nil, ""}, err: trouble},
		"get-trouble-universal":         {call: call{"GET", universal + "?generation_id=done", nil, ""}, err: trouble},
		"get-no-url":                    {call: call{"GET", legacy + "?generation_id=done", nil, ""}, urlErr: errors.New("no credentials")},
		"head":                          {call: call{"HEAD", legacy + "?generation_id=done", nil, ""}},
	}
}

// The replies on the paths of AI/ML API are as AI/ML API's own description has them.
func TestAIMLAPIReplies(t *testing.T) {
	schemas, err := contract.Replies()
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range aimlapiReplies() {
		if test.method == http.MethodHead {
			continue
		}
		j := newJobs(t)
		j.err, j.panics = test.err, test.panics
		w := httptest.NewRecorder()
		newHandler(j, links{test.urlErr}, io.Discard).ServeHTTP(w, test.request())
		kind := "generation"
		if w.Code >= 400 {
			kind = "error"
		}
		compiler := jsonschema.NewCompiler()
		document, err := jsonschema.UnmarshalJSON(bytes.NewReader(schemas[kind]))
		if err == nil {
			err = compiler.AddResource("https://contract.invalid/reply", document)
		}
		if err != nil {
			t.Fatal(err)
		}
		schema, err := compiler.Compile("https://contract.invalid/reply")
		if err != nil {
			t.Fatal(err)
		}
		body, err := jsonschema.UnmarshalJSON(w.Body)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := schema.Validate(body); err != nil {
			t.Errorf("%s: %v is not the provider's %s: %v", name, body, kind, err)
		}
	}
}

func TestAIMLAPIPaths(t *testing.T) {
	if api.KlingGenerationPath != contract.LegacyPath || api.GenerationsPath != contract.UniversalPath {
		t.Errorf("%s and %s are not the provider's paths", api.KlingGenerationPath, api.GenerationsPath)
	}
}

func TestSameKeyAfterTheEnd(t *testing.T) {
	j := newJobs(t)
	handler := newHandler(j, links{}, io.Discard)
	c := call{"POST", api.GenerationsPath, map[string]string{"Idempotency-Key": "key-1"}, boat}
	var replies []string
	for range 2 {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, c.request())
		replies = append(replies, transcript(w))
		id := w.Header().Get("X-Inference-Id")
		j.views[id] = view.View{ID: id, State: video.StateFailed, Outcome: &video.Outcome{Name: "GenerationFailed"}}
	}
	if replies[0] != replies[1] || len(j.requests) != 1 {
		t.Errorf("got\n%s\nand\n%s", replies[0], replies[1])
	}
}

func TestTwoKeysInOneRequest(t *testing.T) {
	r := call{"POST", api.KlingGenerationPath, nil, boat}.request()
	r.Header["Idempotency-Key"] = []string{"a", "b"}
	w := httptest.NewRecorder()
	newHandler(newJobs(t), links{}, io.Discard).ServeHTTP(w, r)
	if w.Code != http.StatusBadRequest {
		t.Errorf("got %s", transcript(w))
	}
}

// broken is a reader that always fails.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestBrokenReaders(t *testing.T) {
	r := call{"POST", api.KlingGenerationPath, nil, boat}.request()
	r.Body = io.NopCloser(broken{})
	w := httptest.NewRecorder()
	newHandler(newJobs(t), links{}, io.Discard).ServeHTTP(w, r)
	if w.Code != http.StatusBadRequest {
		t.Errorf("a body that breaks off: %s", transcript(w))
	}

	j := newJobs(t)
	a := newAPI(j, links{}, io.Discard)
	a.Random, a.Now, a.Log = broken{}, time.Now, slog.New(slog.DiscardHandler)
	for _, c := range []call{{"POST", api.KlingGenerationPath, nil, boat}, {"POST", "/uploads", nil, `{"type":"txt"}`}} {
		c.header = map[string]string{"X-Request-Id": "-"}
		w = httptest.NewRecorder()
		a.Handler().ServeHTTP(w, c.request())
		if w.Code != http.StatusServiceUnavailable || len(j.requests) > 0 {
			t.Errorf("no randomness: %s", transcript(w))
		}
	}
}
