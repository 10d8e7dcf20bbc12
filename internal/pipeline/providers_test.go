package pipeline_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"time"

	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/provider/aimlapi"
	"github.com/takeup/takeup/internal/provider/toy"
)

// adapter makes a provider's adapter, whose server runs on the stage.
type adapter struct {
	name string
	of   func(*stage) provider.Provider
}

// adapters returns the adapters that the plays run with: the real one, and that of the toy
// provider.
func adapters() []adapter {
	return []adapter{
		{"aimlapi", func(s *stage) provider.Provider { return aimlapi.New(aimlapiConfig(s)) }},
		{"toy", func(s *stage) provider.Provider { return toy.New(toyServer{s}) }},
	}
}

// start says how a play's job begins.
type start struct {
	adapter adapter
	created bool // its item is created before its execution, which is not started by hand
}

func (s start) String() string { return fmt.Sprintf("%s, created=%v", s.adapter.name, s.created) }

// starts returns the starts that the plays run with. A job that is started by hand needs only
// one provider: once its item exists, its course doesn't depend on the provider.
func starts() []start {
	var all []start
	for i, a := range adapters() {
		if i == 0 {
			all = append(all, start{a, false})
		}
		all = append(all, start{a, true})
	}
	return all
}

// generation is a generation that the provider accepted. It is charged when it is done.
type generation struct {
	id, reference  string
	accepted, done time.Time
}

func (g generation) url() string { return "https://cdn.example/" + g.id }

func (g generation) isDone() bool { return !time.Now().Before(g.done) }

// accept accepts a submission.
func (s *stage) accept(reference string) generation {
	g := generation{fmt.Sprintf("gen-%d", len(s.accepted)+1), reference, time.Now(), time.Now().Add(s.patience)}
	s.accepted = append(s.accepted, g)
	return g
}

// aimlapiServer is a fake of AI/ML API, with the calls that the pipeline makes.
type aimlapiServer struct{ *stage }

func aimlapiConfig(s *stage) aimlapi.Config {
	return aimlapi.Config{BaseURL: "https://api.example", Route: aimlapi.RouteLegacy, Now: time.Now, Transport: aimlapiServer{s}}
}

// RoundTrip answers a call. A planned fault occurs after the connection is made.
func (s aimlapiServer) RoundTrip(r *http.Request) (*http.Response, error) {
	kind := map[string]string{"/v2/logs": "logs", "/v2/billing/transactions": "transactions"}[r.URL.Path]
	switch {
	case r.Method == http.MethodPost:
		kind = "submit"
	case kind == "":
		kind = "retrieve"
	}
	code, body := http.StatusOK, any(nil)
	f := s.now.do(kind, func() {
		switch kind {
		case "submit":
			code, body = http.StatusCreated, s.state(s.accept(r.Header.Get("X-Client-Request-Id")))
		case "retrieve":
			code, body = s.ask(r.URL.Query().Get("generation_id"))
		case "logs":
			body = s.logs(r.URL.Query())
		case "transactions":
			body = noRows()
		}
	})
	if trace := httptrace.ContextClientTrace(r.Context()); f != noRoute && trace != nil {
		trace.GotConn(httptrace.GotConnInfo{})
	}
	refused := map[fault]int{busy: http.StatusTooManyRequests, invalid: http.StatusBadRequest, badKey: http.StatusUnauthorized, noCredits: http.StatusForbidden}
	switch {
	case refused[f] != 0:
		code, body = refused[f], object{"message": "by the plan"}
	case f == noneShown:
		body = noRows()
	case f != "":
		return nil, outage()
	}
	text, err := json.Marshal(body)
	return &http.Response{StatusCode: code, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(string(text))), Request: r}, err
}

// noRows is a page of records without any.
func noRows() object {
	return object{"data": []any{}, "pagination": object{"has_more": false}}
}

// object is a JSON object.
type object map[string]any

func (s aimlapiServer) state(g generation) object {
	if !g.isDone() {
		return object{"id": g.id, "status": "generating"}
	}
	return object{"id": g.id, "status": "completed", "video": object{"url": g.url()}}
}

func (s aimlapiServer) ask(id string) (int, object) {
	for _, g := range s.accepted {
		if g.id == id {
			return http.StatusOK, s.state(g)
		}
	}
	return http.StatusNotFound, object{"message": "Not Found"}
}

// logs shows a generation only once it is done, as the provider's logs may.
func (s aimlapiServer) logs(query url.Values) object {
	from, to := mustTime(query.Get("start")), mustTime(query.Get("end"))
	rows := []object{}
	for _, g := range s.accepted {
		if g.isDone() && !g.accepted.Before(from) && g.accepted.Before(to) {
			rows = append(rows, object{"created": g.accepted, "status": "completed", "inference_id": g.id, "client_request_id": g.reference})
		}
	}
	return object{"data": rows, "pagination": object{"total": len(rows), "has_more": false}}
}

func mustTime(text string) time.Time {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return at
}

// toyServer is the toy provider's server. It accepts a submission once, however often it is
// sent.
type toyServer struct{ *stage }

// Exchange answers a message.
func (s toyServer) Exchange(_ context.Context, message string) (answer string, err error) {
	form, err := url.ParseQuery(message)
	if err != nil {
		return "", err
	}
	kind := map[string]string{"make": "submit", "ask": "retrieve", "find": "find"}[form.Get("do")]
	f := s.now.do(kind, func() {
		g, ok := s.known(form)
		switch {
		case !ok && kind == "submit":
			g = s.accept(form.Get("ref"))
		case !ok:
			answer = "no WHERE"
			return
		}
		answer = "ticket " + strings.TrimPrefix(g.id, "gen-") + " rolling"
		if g.isDone() {
			answer = "ticket " + strings.TrimPrefix(g.id, "gen-") + " premiere " + g.url() + " 98"
		}
	})
	word := map[fault]string{busy: "LATER", invalid: "WHAT", badKey: "WHO", noCredits: "PAY"}[f]
	switch {
	case word != "":
		return "no " + word + " by the plan", nil
	case f == noneShown:
		return "no WHERE", nil
	case f == noRoute:
		return "", toy.ErrClosed
	case f != "":
		return "", outage()
	}
	return answer, nil
}

// known returns the generation that a message is about.
func (s toyServer) known(form url.Values) (generation, bool) {
	for _, g := range s.accepted {
		if g.reference == form.Get("ref") || g.id == "gen-"+form.Get("ticket") {
			return g, true
		}
	}
	return generation{}, false
}
