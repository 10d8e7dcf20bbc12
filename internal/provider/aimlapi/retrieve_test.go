package aimlapi_test

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/takeup/takeup/internal/video"
)

func TestRetrieve(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		want video.Generation
	}{
		"queued":             {`"status":"queued","video":null,"error":null,"meta":null`, video.Generation{State: video.Running, Word: "queued"}},
		"completed":          {`"status":"completed","video":{"url":"https://cdn.example/v.mp4?ks=1"},"meta":{"usage":{"credits_used":1960000}}`, video.Generation{State: video.Finished, Word: "completed", URL: "https://cdn.example/v.mp4?ks=1", Credits: 1960000}},
		"video listed":       {`"status":"completed","video":[{"url":"https://cdn.example/v.mp4"}]`, video.Generation{State: video.Finished, Word: "completed", URL: "https://cdn.example/v.mp4"}},
		"video list empty":   {`"status":"completed","video":[]`, video.Generation{State: video.Finished, Word: "completed"}},
		"video null":         {`"status":"completed","video":null`, video.Generation{State: video.Finished, Word: "completed"}},
		"video a string":     {`"status":"completed","video":"https://cdn.example/v.mp4"`, video.Generation{State: video.Finished, Word: "completed", URL: "https://cdn.example/v.mp4"}},
		"video url number":   {`"status":"completed","video":{"url":7}`, video.Generation{State: video.Finished, Word: "completed"}},
		"credits a string":   {`"status":"completed","meta":{"usage":{"credits_used":"many"}}`, video.Generation{State: video.Finished, Word: "completed"}},
		"credits as text":    {`"status":"completed","meta":{"usage":{"credits_used":" 1960000 "}}`, video.Generation{State: video.Finished, Word: "completed", Credits: 1960000}},
		"loud":               {`"status":" COMPLETED ","video":{"url":"https://cdn.example/v.mp4"}`, video.Generation{State: video.Finished, Word: "COMPLETED", URL: "https://cdn.example/v.mp4"}},
		"expired, loud":      {`"status":"EXPIRED"`, video.Generation{State: video.Failed, Word: "EXPIRED", Failure: "no reason was given"}},
		"error nested":       {`"status":"error","error":{"error":{"code":"E7","message":{"detail":"no boats"}}}`, video.Generation{State: video.Failed, Word: "error", Failure: "E7: no boats"}},
		"error of errors":    {`"status":"error","error":[{"message":"a"},{"reason":"b"},null]`, video.Generation{State: video.Failed, Word: "error", Failure: "a; b"}},
		"error with a URL":   {`"status":"error","error":"see https://cdn.example/v.mp4?ks=1&ksSign=0123, key=abcdef"`, video.Generation{State: video.Failed, Word: "error", Failure: "see https://cdn.example/v.mp4?[query] key=[key]"}},
		"a video with an id": {`"status":"queued","video":{"id":"other","status":"completed"}`, video.Generation{State: video.Running, Word: "queued"}},
		"credits below 0":    {`"status":"completed","meta":{"usage":{"credits_used":-5}}`, video.Generation{State: video.Finished, Word: "completed"}},
		"credits too large":  {`"status":"completed","meta":{"usage":{"credits_used":1e300}}`, video.Generation{State: video.Finished, Word: "completed"}},
		"error named":        {`"status":"error","error":{"name":"Moderation","message":"no\nboats"}`, video.Generation{State: video.Failed, Word: "error", Failure: "Moderation: no boats"}},
		"error of a list":    {`"status":"error","error":{"name":"","message":["a","b"]}`, video.Generation{State: video.Failed, Word: "error", Failure: "a; b"}},
		"error string":       {`"status":"failed","error":"no boats"`, video.Generation{State: video.Failed, Word: "failed", Failure: "no boats"}},
		"error object":       {`"status":"error","error":{"code":7}`, video.Generation{State: video.Failed, Word: "error", Failure: `{"code":7}`}},
		"error array":        {`"status":"error","error":["a","b"]`, video.Generation{State: video.Failed, Word: "error", Failure: "a; b"}},
		"error number":       {`"status":"error","error":7`, video.Generation{State: video.Failed, Word: "error", Failure: "7"}},
		"error null":         {`"status":"error","error":null`, video.Generation{State: video.Failed, Word: "error", Failure: "no reason was given"}},
		"error absent":       {`"status":"expired"`, video.Generation{State: video.Failed, Word: "expired", Failure: "no reason was given"}},
		"more than known":    {`"status":"queued","position":4,"created":[]`, video.Generation{State: video.Running, Word: "queued"}},
	} {
		t.Run(name, func(t *testing.T) {
			client := serve(t, answer(200, `{"id":"`+id+`",`+c.body+`}`))
			got, err := client.Retrieve(t.Context(), key(), video.RouteUniversal, id, model)
			c.want.ID, c.want.Route = id, video.RouteUniversal
			if err != nil || got != c.want {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

// A generation may come in one more object, whatever that is called.
func TestRetrieveWrapped(t *testing.T) {
	const inner = `{"id":"` + id + `","status":"completed","video":{"url":"https://cdn.example/v.mp4"}}`
	for _, body := range []string{
		`{"data":` + inner + `}`, `{"generation":` + inner + `,"meta":null}`, `{"success":true,"code":0,"result":` + inner + `}`,
		`{"id":"a-request","data":` + inner + `}`, `{"id":"` + id + `","data":` + inner + `}`, `{"id":7,"status":"ok","data":` + inner + `}`,
	} {
		got, err := serve(t, answer(200, body)).Retrieve(t.Context(), key(), video.RouteLegacy, id, model)
		want := video.Generation{ID: id, Route: video.RouteLegacy, State: video.Finished, Word: "completed", URL: "https://cdn.example/v.mp4"}
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v", body, got, err)
		}
		posted, err := submit(t, serve(t, answer(201, body)))
		if err != nil || posted.ID != id {
			t.Errorf("%s: posted %+v, %v", body, posted, err)
		}
	}
	for _, body := range []string{`{"data":{"data":` + inner + `}}`, `{"data":[` + inner + `]}`, `{"video":` + inner + `}`} {
		_, err := serve(t, answer(200, body)).Retrieve(t.Context(), key(), video.RouteLegacy, id, model)
		_ = asUnanswered(t, err)
	}
}

// known makes a provider that knows one id.
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
		got, err := serve(t, known(c.known, c.said)).Retrieve(t.Context(), key(), video.RouteLegacy, c.asked, model)
		if err != nil || got.ID != c.want || got.State != video.Finished {
			t.Errorf("%+v: got %+v, %v", c, got, err)
		}
	}
	_, err := serve(t, known("another", "another")).Retrieve(t.Context(), key(), video.RouteLegacy, id, model)
	if got := asRefusal(t, err); got.Kind != video.RefusedUnknown {
		t.Errorf("neither form: %+v", got)
	}
	_, err = serve(t, known(id, "another")).Retrieve(t.Context(), key(), video.RouteLegacy, id, model)
	_ = asUnanswered(t, err)
	for _, body := range []string{"", "null", "[]", "<html>", `{"status":"completed"}`, `{"id":"","status":"completed"}`} {
		_, err = serve(t, answer(200, body)).Retrieve(t.Context(), key(), video.RouteLegacy, id, model)
		_ = asUnanswered(t, err)
	}
}

// Where only the bare id was said to be unknown, nothing is known of the other
// form.
func TestRetrieveWithOneFormUnread(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Query().Get("generation_id"), ":") {
			answer(503, "")(w, r)
			return
		}
		answer(404, `{"message":"Not Found","statusCode":404}`)(w, r)
	})
	_, err := c.Retrieve(t.Context(), key(), video.RouteLegacy, id, model)
	_ = asUnanswered(t, err)
}

func TestReplyOverTheCap(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		// Small on the wire, large when it is unpacked.
		w.Header().Set("Content-Encoding", "gzip")
		packed := gzip.NewWriter(w)
		_, _ = io.WriteString(packed, `{"id":"`+id+`","status":"completed","x":"`+strings.Repeat(" ", 64<<20)+`"}`)
		_ = packed.Close()
	})
	_, err := c.Retrieve(t.Context(), key(), video.RouteLegacy, id, model)
	if got := asUnanswered(t, err); !strings.Contains(got.Error(), "over 4194304 bytes") {
		t.Error(got)
	}
}
