// Package aimlapi is a client of AI/ML API's video generation: the calls that
// the pipeline makes, and the provider's words turned into Takeup's.
//
// Source of its facts: https://docs.aimlapi.com and the OpenAPI descriptions
// there, as of 2026-08-21.
package aimlapi

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/takeup/takeup/internal/video"
)

// maxReply is the most that is read of a reply: far more than any is.
const maxReply = 4 << 20

// Config is what a Client needs to know.
type Config struct {
	BaseURL string      // such as https://api.aimlapi.com, with no path
	Route   video.Route // the route for models that both take
	Now     func() time.Time
}

// Client calls the provider. It follows no redirect, repeats no call, and sends
// no header that would let Go's transport repeat one. It is safe for concurrent
// use.
type Client struct {
	config Config
	// A submission gets a connection of its own: a kept one may have been
	// closed while the function was frozen, and its reset would leave the
	// submission unanswered.
	submissions *http.Client
	reads       *http.Client
}

// New makes a Client.
func New(config Config) *Client {
	fresh, kept := http.DefaultTransport.(*http.Transport).Clone(), http.DefaultTransport.(*http.Transport).Clone()
	fresh.DisableKeepAlives = true
	// HTTP/2 may send a refused stream again by itself. A clone keeps offering
	// it in the TLS handshake unless that is said there too.
	fresh.Protocols = new(http.Protocols)
	fresh.Protocols.SetHTTP1(true)
	fresh.TLSClientConfig = &tls.Config{NextProtos: []string{"http/1.1"}}
	noRedirect := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Client{
		config:      config,
		submissions: &http.Client{Transport: fresh, CheckRedirect: noRedirect},
		reads:       &http.Client{Transport: kept, CheckRedirect: noRedirect},
	}
}

// Route says which route a request is submitted by: the configured one, unless
// the legacy route doesn't take the request's model or one of its fields.
func (c *Client) Route(request video.Request) video.Route {
	model, _ := video.FindModel(request.Model())
	if c.config.Route != video.RouteLegacy || !model.Legacy {
		return video.RouteUniversal
	}
	for _, name := range request.Names() {
		switch name {
		case "model", "prompt", "aspect_ratio", "duration", "negative_prompt", "cfg_scale":
		default:
			return video.RouteUniversal
		}
	}
	return video.RouteLegacy
}

// Submit posts a request, once, and gives the generation that the provider made
// of it. A *video.Refusal says that it certainly made none; a *video.Unanswered
// that it may have. There are no other errors.
func (c *Client) Submit(ctx context.Context, key video.Key, route video.Route, clientRequestID string, request video.Request) (video.Generation, error) {
	connected := false
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected = true }})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.config.BaseURL+path(route), bytes.NewReader(request.Body()))
	if err != nil {
		return video.Generation{}, &video.Refusal{Kind: video.RefusedUnreachable, Said: "the provider's address can't be used: " + err.Error()}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Client-Request-Id", clientRequestID)

	reply, err := c.do(c.submissions, req, key)
	if err != nil && !connected {
		return video.Generation{}, &video.Refusal{Kind: video.RefusedUnreachable, Said: err.Error()}
	}
	if err != nil && reply.status == 0 {
		return video.Generation{}, &video.Unanswered{Err: err}
	}
	if refusal := reply.refusal(c.config.Now()); refusal != nil {
		return video.Generation{}, refusal
	}
	if !reply.ok() {
		return video.Generation{}, reply.unanswered(c.config.Now())
	}
	generation, err := parseGeneration(reply.body)
	if err != nil {
		// Accepted, by its status; the id is in the header too.
		if generation = (video.Generation{ID: reply.inferenceID(), State: video.Running}); generation.ID == "" {
			return video.Generation{}, &video.Unanswered{Err: err}
		}
	}
	generation.Route = route
	return generation, nil
}

// Retrieve asks how a generation is doing. The id may be bare or carry its model
// as "<uuid>:<model>", as ids of the legacy route do: where the bare one is
// unknown the other is tried, and the generation has the id that was found. A
// *video.Refusal of kind RefusedUnknown says that neither is known; a
// *video.Unanswered that this look told nothing.
func (c *Client) Retrieve(ctx context.Context, key video.Key, route video.Route, id, model string) (video.Generation, error) {
	generation, err := c.retrieve(ctx, key, route, id)
	var refusal *video.Refusal
	if errors.As(err, &refusal) && refusal.Kind == video.RefusedUnknown && !strings.Contains(id, ":") {
		return c.retrieve(ctx, key, route, id+":"+model)
	}
	return generation, err
}

func (c *Client) retrieve(ctx context.Context, key video.Key, route video.Route, id string) (video.Generation, error) {
	body, err := c.get(ctx, key, path(route), url.Values{"generation_id": {id}})
	if err != nil {
		return video.Generation{}, err
	}
	generation, err := parseGeneration(body)
	if err != nil {
		return video.Generation{}, &video.Unanswered{Err: err}
	}
	if bare(generation.ID) != bare(id) {
		return video.Generation{}, &video.Unanswered{Err: fmt.Errorf("the answer is about another generation")}
	}
	generation.ID, generation.Route = id, route
	return generation, nil
}

func bare(id string) string { uuid, _, _ := strings.Cut(id, ":"); return uuid }

func path(route video.Route) string {
	if route == video.RouteLegacy {
		return "/v2/generate/video/kling/generation"
	}
	return "/v2/video/generations"
}

// get gives the body of a 200, a *video.Refusal or a *video.Unanswered.
func (c *Client) get(ctx context.Context, key video.Key, path string, query url.Values) ([]byte, error) {
	got, err := c.read(ctx, key, path, query, "")
	return got.body, err
}

// read gives a reply that is a 200 or, where the caller has what an ETag names, a
// 304; else a *video.Refusal or a *video.Unanswered.
func (c *Client) read(ctx context.Context, key video.Key, path string, query url.Values, etag string) (reply, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.config.BaseURL+path+"?"+query.Encode(), nil)
	if err != nil {
		return reply{}, &video.Unanswered{Err: err}
	}
	if etag != "" {
		req.Header.Set("If-None-Match", etag)
	}
	got, err := c.do(c.reads, req, key)
	if err != nil && (got.status == 0 || got.ok()) {
		return reply{}, &video.Unanswered{Err: err}
	}
	if etag != "" && got.status == http.StatusNotModified {
		return got, nil
	}
	if refusal := got.refusal(c.config.Now()); refusal != nil {
		return reply{}, refusal
	}
	if !got.ok() {
		return reply{}, got.unanswered(c.config.Now())
	}
	return got, nil
}

// reply is what came back of a call; without a status, nothing did.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// do sends a request. With an error, the reply has what came until then: a
// status tells what it tells, whatever became of its body. Neither the error nor
// the reply shows the key, and the error doesn't show the request's address.
func (c *Client) do(client *http.Client, req *http.Request, key video.Key) (reply, error) {
	if key.Value != "" {
		req.Header.Set("Authorization", "Bearer "+key.Value)
	}
	req.Header.Set("Accept", "application/json")
	response, err := client.Do(req)
	if err != nil {
		var wrapped *url.Error
		if errors.As(err, &wrapped) {
			err = wrapped.Err
		}
		if text := hide(err.Error(), key); text != err.Error() {
			err = errors.New(text)
		}
		return reply{}, err
	}
	defer response.Body.Close()
	got := reply{status: response.StatusCode, header: response.Header}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxReply+1))
	if err == nil && len(body) > maxReply {
		err = fmt.Errorf("the reply is over %d bytes", maxReply)
	}
	got.body = []byte(hide(string(body), key))
	for _, values := range got.header {
		for i := range values {
			values[i] = hide(values[i], key)
		}
	}
	return got, err
}

// hide takes the key out of what others wrote: some echo what they were sent.
func hide(text string, key video.Key) string {
	if key.Value == "" {
		return text
	}
	return strings.ReplaceAll(text, key.Value, "[key]")
}

func (r reply) ok() bool { return r.status == http.StatusOK || r.status == http.StatusCreated }

// inferenceID is the id that every answer carries in a header, if it is fit to
// be one.
func (r reply) inferenceID() string {
	id := r.header.Get("x-inference-id")
	if !validID(id) {
		return ""
	}
	return id
}

// refusal gives the refusal that the reply is, or nil. 429, 400, 401 and 403 are
// refusals by their status; the other statuses that blame the caller, 402 among
// them, only in an API's words, since something in between may say them too.
func (r reply) refusal(now time.Time) *video.Refusal {
	said, own := r.said()
	refusal := &video.Refusal{Said: said, RetryAfter: retryAfter(r.header, now)}
	switch r.status {
	case http.StatusTooManyRequests:
		refusal.Kind = video.RefusedBusy
	case http.StatusBadRequest:
		refusal.Kind = video.RefusedInvalid
	case http.StatusUnauthorized:
		refusal.Kind = video.RefusedKey
	case http.StatusForbidden, http.StatusPaymentRequired:
		refusal.Kind = video.RefusedCredits
	case http.StatusNotFound:
		refusal.Kind = video.RefusedUnknown
	case http.StatusMethodNotAllowed, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity:
		refusal.Kind = video.RefusedInvalid
	default:
		return nil
	}
	switch r.status {
	case http.StatusTooManyRequests, http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden:
		return refusal
	}
	if !own {
		return nil
	}
	return refusal
}

func (r reply) unanswered(now time.Time) *video.Unanswered {
	return &video.Unanswered{
		Err:         fmt.Errorf("it answered %d", r.status),
		RetryAfter:  retryAfter(r.header, now),
		InferenceID: r.inferenceID(),
	}
}

// said gives the words of an error body, and whether it is one of an API: the
// provider's {message, path, requestId, statusCode, timestamp}, or its kin with an
// error. What is in between answers with pages.
func (r reply) said() (string, bool) {
	var body struct {
		Message, Error, Errors, Detail json.RawMessage
	}
	if json.Unmarshal(r.body, &body) == nil {
		for _, part := range []json.RawMessage{body.Message, body.Error, body.Errors, body.Detail} {
			if text := words(part); text != "" {
				return text, true
			}
		}
	}
	return fmt.Sprintf("status %d, with no words", r.status), false
}

// retryAfter reads a Retry-After header, which is a number of seconds or a date
// (RFC 9110, 10.2.3); 0 where there is none that can be used.
func retryAfter(header http.Header, now time.Time) time.Duration {
	value := header.Get("Retry-After")
	if seconds, err := strconv.ParseInt(value, 10, 64); err == nil && seconds > 0 {
		return time.Duration(min(seconds, int64(24*60*60))) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil && at.After(now) {
		return min(at.Sub(now), 24*time.Hour)
	}
	return 0
}
