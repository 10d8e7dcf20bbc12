package aimlapi_test

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/provider/aimlapi"
)

func TestRetrieve(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		want provider.Generation
	}{
		"queued":             {`"status":"queued","video":null,"error":null,"meta":null`, provider.Generation{State: provider.Running, Word: "queued"}},
		"completed":          {`"status":"completed","video":{"url":"https://cdn.example/v.mp4?ks=1"},"meta":{"usage":{"credits_used":1960000}}`, provider.Generation{State: provider.Finished, Word: "completed", URL: "https://cdn.example/v.mp4?ks=1", Micros: 980000}},
		"video listed":       {`"status":"completed","video":[{"url":"https://cdn.example/v.mp4"}]`, provider.Generation{State: provider.Finished, Word: "completed", URL: "https://cdn.example/v.mp4"}},
		"video list empty":   {`"status":"completed","video":[]`, provider.Generation{State: provider.Finished, Word: "completed"}},
		"video null":         {`"status":"completed","video":null`, provider.Generation{State: provider.Finished, Word: "completed"}},
		"video a string":     {`"status":"completed","video":"https://cdn.example/v.mp4"`, provider.Generation{State: provider.Finished, Word: "completed", URL: "https://cdn.example/v.mp4"}},
		"video url number":   {`"status":"completed","video":{"url":7}`, provider.Generation{State: provider.Finished, Word: "completed"}},
		"credits a string":   {`"status":"completed","meta":{"usage":{"credits_used":"many"}}`, provider.Generation{State: provider.Finished, Word: "completed"}},
		"credits as text":    {`"status":"completed","meta":{"usage":{"credits_used":" 1960000 "}}`, provider.Generation{State: provider.Finished, Word: "completed", Micros: 980000}},
		"loud":               {`"status":" COMPLETED ","video":{"url":"https://cdn.example/v.mp4"}`, provider.Generation{State: provider.Finished, Word: "COMPLETED", URL: "https://cdn.example/v.mp4"}},
		"expired, loud":      {`"status":"EXPIRED"`, provider.Generation{State: provider.Failed, Word: "EXPIRED", Failure: "no reason was given"}},
		"error nested":       {`"status":"error","error":{"error":{"code":"E7","message":{"detail":"no boats"}}}`, provider.Generation{State: provider.Failed, Word: "error", Failure: "E7: no boats"}},
		"error of errors":    {`"status":"error","error":[{"message":"a"},{"reason":"b"},null]`, provider.Generation{State: provider.Failed, Word: "error", Failure: "a; b"}},
		"error with a URL":   {`"status":"error","error":"see https://cdn.example/v.mp4?ks=1&ksSign=0123, key=abcdef"`, provider.Generation{State: provider.Failed, Word: "error", Failure: "see https://cdn.example/v.mp4?[query] key=[key]"}},
		"a video with an id": {`"status":"queued","video":{"id":"other","status":"completed"}`, provider.Generation{State: provider.Running, Word: "queued"}},
		"credits below 0":    {`"status":"completed","meta":{"usage":{"credits_used":-5}}`, provider.Generation{State: provider.Finished, Word: "completed"}},
		"credits too large":  {`"status":"completed","meta":{"usage":{"credits_used":1e300}}`, provider.Generation{State: provider.Finished, Word: "completed"}},
		"error named":        {`"status":"error","error":{"name":"Moderation","message":"no\nboats"}`, provider.Generation{State: provider.Failed, Word: "error", Failure: "Moderation: no boats"}},
		"error of a list":    {`"status":"error","error":{"name":"","message":["a","b"]}`, provider.Generation{State: provider.Failed, Word: "error", Failure: "a; b"}},
		"error string":       {`"status":"failed","error":"no boats"`, provider.Generation{State: provider.Failed, Word: "failed", Failure: "no boats"}},
		"error object":       {`"status":"error","error":{"code":7}`, provider.Generation{State: provider.Failed, Word: "error", Failure: `{"code":7}`}},
		"error array":        {`"status":"error","error":["a","b"]`, provider.Generation{State: provider.Failed, Word: "error", Failure: "a; b"}},
		"error number":       {`"status":"error","error":7`, provider.Generation{State: provider.Failed, Word: "error", Failure: "7"}},
		"error null":         {`"status":"error","error":null`, provider.Generation{State: provider.Failed, Word: "error", Failure: "no reason was given"}},
		"error absent":       {`"status":"expired"`, provider.Generation{State: provider.Failed, Word: "expired", Failure: "no reason was given"}},
		"more than known":    {`"status":"queued","position":4,"created":[]`, provider.Generation{State: provider.Running, Word: "queued"}},
	} {
		t.Run(name, func(t *testing.T) {
			client := serve(t, answer(200, `{"id":"`+id+`",`+c.body+`}`))
			got, err := client.Retrieve(t.Context(), key(), at(aimlapi.RouteUniversal, id))
			c.want.ID, c.want.Handle = id, at(aimlapi.RouteUniversal, id)
			if err != nil || got != c.want {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

// A generation may be wrapped in another object, under any name.
func TestRetrieveWrapped(t *testing.T) {
	const inner = `{"id":"` + id + `","status":"completed","video":{"url":"https://cdn.example/v.mp4"}}`
	for _, body := range []string{
		`{"data":` + inner + `}`, `{"generation":` + inner + `,"meta":null}`, `{"success":true,"code":0,"result":` + inner + `}`,
		`{"id":"a-request","data":` + inner + `}`, `{"id":"` + id + `","data":` + inner + `}`, `{"id":7,"status":"ok","data":` + inner + `}`,
	} {
		got, err := serve(t, answer(200, body)).Retrieve(t.Context(), key(), at(aimlapi.RouteLegacy, id))
		want := provider.Generation{ID: id, Handle: at(aimlapi.RouteLegacy, id), State: provider.Finished, Word: "completed", URL: "https://cdn.example/v.mp4"}
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v", body, got, err)
		}
		posted, err := submit(t, serve(t, answer(201, body)))
		if err != nil || posted.ID != id {
			t.Errorf("%s: posted %+v, %v", body, posted, err)
		}
	}
	for _, body := range []string{`{"data":{"data":` + inner + `}}`, `{"data":[` + inner + `]}`, `{"video":` + inner + `}`} {
		_, err := serve(t, answer(200, body)).Retrieve(t.Context(), key(), at(aimlapi.RouteLegacy, id))
		_ = asUnanswered(t, err)
	}
}

// known returns a provider that knows one ID, and answers with the ID said.
func known(known, said string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("generation_id") != known {
			answer(404, `{"message":"Not Found","statusCode":404}`)(w, r)
			return
		}
		body, err := json.Marshal(map[string]string{"id": said, "status": "completed"})
		if err != nil {
			panic(err)
		}
		answer(200, string(body))(w, r)
	}
}

func TestRetrieveByEitherForm(t *testing.T) {
	long := id + ":" + model
	odd := id + ":a/b&c=d%+#?"
	for _, c := range []struct{ known, said, asked, want string }{
		{id, id, id, id},
		{long, long, id, long},
		{long, id, id, long}, // it may answer with the bare one
		{long, long, long, long},
		{id, long, id, id},
		{odd, odd, odd, odd},
	} {
		got, err := serve(t, known(c.known, c.said)).Retrieve(t.Context(), key(), at(aimlapi.RouteLegacy, c.asked))
		if err != nil || got.Handle != at(aimlapi.RouteLegacy, c.want) || got.ID != id || got.State != provider.Finished {
			t.Errorf("%+v: got %+v, %v", c, got, err)
		}
	}
	_, err := serve(t, known("another", "another")).Retrieve(t.Context(), key(), at(aimlapi.RouteLegacy, id))
	if got := asRefusal(t, err); got.Kind != provider.RefusedUnknown {
		t.Errorf("neither form: %+v", got)
	}
	_, err = serve(t, known(id, "another")).Retrieve(t.Context(), key(), at(aimlapi.RouteLegacy, id))
	_ = asUnanswered(t, err)
	for _, body := range []string{"", "null", "[]", "<html>", `{"status":"completed"}`, `{"id":"","status":"completed"}`} {
		_, err = serve(t, answer(200, body)).Retrieve(t.Context(), key(), at(aimlapi.RouteLegacy, id))
		_ = asUnanswered(t, err)
	}
}

// If only the bare ID is known to be unknown, the generation may still exist under the
// other form.
func TestRetrieveWithOneFormUnread(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Query().Get("generation_id"), ":") {
			answer(503, "")(w, r)
			return
		}
		answer(404, `{"message":"Not Found","statusCode":404}`)(w, r)
	})
	_, err := c.Retrieve(t.Context(), key(), at(aimlapi.RouteLegacy, id))
	_ = asUnanswered(t, err)
}

func TestReplyOverTheCap(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		// Small on the wire, large when decompressed.
		w.Header().Set("Content-Encoding", "gzip")
		packed := gzip.NewWriter(w)
		_, _ = io.WriteString(packed, `{"id":"`+id+`","status":"completed","x":"`+strings.Repeat(" ", 64<<20)+`"}`)
		_ = packed.Close()
	})
	_, err := c.Retrieve(t.Context(), key(), at(aimlapi.RouteLegacy, id))
	if got := asUnanswered(t, err); !strings.Contains(got.Error(), "over 4194304 bytes") {
		t.Error(got)
	}
}
