// Package aimlapi is the adapter for AI/ML API's video generation. It has everything that
// is specific to this provider: paths, wire format, states, credits, the forms of IDs, and
// the lookup of a submission whose answer was lost. Its simulator is in sim.
//
// Facts about the provider are from https://docs.aimlapi.com and the OpenAPI descriptions
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

	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/provider/aimlapi/models"
	"github.com/takeup/takeup/internal/video"
)

// maxReply bounds how much of a reply is read; real replies are far smaller.
const maxReply = 4 << 20

// Config configures a Client.
type Config struct {
	BaseURL string // such as https://api.aimlapi.com, without a path
	Route   Route  // for models that both routes take
	Now     func() time.Time
	// Transport makes the calls. If nil, net/http's transports do, with a new connection for
	// each submission.
	Transport http.RoundTripper
}

// Client calls the provider. It follows no redirect, repeats no call, and sends no header
// that would let Go's transport repeat one. It is safe for concurrent use.
type Client struct {
	config Config
	// Each submission gets a new connection: an idle one may have been closed while the
	// function was frozen, and its reset would leave the submission unanswered.
	submissions *http.Client
	reads       *http.Client
}

var (
	_ provider.Provider = (*Client)(nil)
	_ provider.Records  = (*Client)(nil)
	_ provider.Metrics  = (*Client)(nil)
	_ provider.Pricer   = (*Client)(nil)
	_ provider.Biller   = (*Client)(nil)
)

// New returns a Client.
func New(config Config) *Client {
	noRedirect := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if t := config.Transport; t != nil {
		calls := &http.Client{Transport: t, CheckRedirect: noRedirect}
		return &Client{config: config, submissions: calls, reads: calls}
	}
	fresh, kept := http.DefaultTransport.(*http.Transport).Clone(), http.DefaultTransport.(*http.Transport).Clone()
	fresh.DisableKeepAlives = true
	// HTTP/2 may resend a refused stream by itself. A cloned transport keeps offering it
	// in the TLS handshake unless it is disabled there too.
	fresh.Protocols = new(http.Protocols)
	fresh.Protocols.SetHTTP1(true)
	fresh.TLSClientConfig = &tls.Config{NextProtos: []string{"http/1.1"}}
	return &Client{
		config:      config,
		submissions: &http.Client{Transport: fresh, CheckRedirect: noRedirect},
		reads:       &http.Client{Transport: kept, CheckRedirect: noRedirect},
	}
}

// Name is "aimlapi".
func (c *Client) Name() string { return "aimlapi" }

// Models lists the catalogue's models.
func (c *Client) Models() []string { return (models.Catalogue{}).Names() }

// Submit posts a request once, as specified by provider.Provider.
func (c *Client) Submit(ctx context.Context, key video.Key, reference string, request video.Request) (provider.Generation, error) {
	at := location{route: c.route(request), model: request.Model()}
	connected := false
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected = true }})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.config.BaseURL+at.route.path(), bytes.NewReader(encode(request)))
	if err != nil {
		return provider.Generation{}, &provider.Refusal{Kind: provider.RefusedUnreachable, Said: "the provider's address can't be used: " + err.Error()}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Client-Request-Id", reference)

	reply, err := c.do(c.submissions, req, key)
	if err != nil && !connected {
		return provider.Generation{}, &provider.Refusal{Kind: provider.RefusedUnreachable, Said: err.Error()}
	}
	if err != nil && reply.status == 0 {
		return provider.Generation{}, &provider.Unanswered{Err: err}
	}
	if refusal := reply.refusal(c.config.Now()); refusal != nil {
		return provider.Generation{}, refusal
	}
	if !reply.ok() {
		unanswered := reply.unanswered(c.config.Now())
		at.id = reply.inferenceID()
		unanswered.Candidate = at.handle()
		return provider.Generation{}, unanswered
	}
	generation, err := parseGeneration(reply.body)
	if err != nil {
		// The status says accepted; the ID is in a header too.
		if generation = (provider.Generation{ID: reply.inferenceID(), State: provider.Running}); generation.ID == "" {
			return provider.Generation{}, &provider.Unanswered{Err: err}
		}
	}
	at.id = generation.ID
	return at.of(generation), nil
}

// Retrieve reads a generation on its route, as specified by provider.Provider. If a bare
// ID is unknown, it tries "<uuid>:<model>" too, as IDs of the legacy route may be. The
// generation has the handle it was found by.
func (c *Client) Retrieve(ctx context.Context, key video.Key, handle provider.Handle) (provider.Generation, error) {
	at, err := locationOf(handle)
	if err != nil {
		return provider.Generation{}, &provider.Unanswered{Err: err}
	}
	generation, err := c.retrieve(ctx, key, at)
	if unknown(err) && !strings.Contains(at.id, ":") {
		at.id += ":" + at.model
		return c.retrieve(ctx, key, at)
	}
	return generation, err
}

func (c *Client) retrieve(ctx context.Context, key video.Key, at location) (provider.Generation, error) {
	body, err := c.get(ctx, key, at.route.path(), url.Values{"generation_id": {at.id}})
	if err != nil {
		return provider.Generation{}, err
	}
	generation, err := parseGeneration(body)
	if err != nil {
		return provider.Generation{}, &provider.Unanswered{Err: err}
	}
	if bare(generation.ID) != bare(at.id) {
		return provider.Generation{}, &provider.Unanswered{Err: fmt.Errorf("the answer is about another generation")}
	}
	return at.of(generation), nil
}

// get returns the body of a 200; the error is a *provider.Refusal or a *provider.Unanswered.
func (c *Client) get(ctx context.Context, key video.Key, path string, query url.Values) ([]byte, error) {
	got, err := c.read(ctx, key, path, query, "")
	return got.body, err
}

// read returns a reply with status 200, or 304 if etag is set and still current. The error
// is a *provider.Refusal or a *provider.Unanswered.
func (c *Client) read(ctx context.Context, key video.Key, path string, query url.Values, etag string) (reply, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.config.BaseURL+path+"?"+query.Encode(), nil)
	if err != nil {
		return reply{}, &provider.Unanswered{Err: err}
	}
	if etag != "" {
		req.Header.Set("If-None-Match", etag)
	}
	got, err := c.do(c.reads, req, key)
	if err != nil && (got.status == 0 || got.ok()) {
		return reply{}, &provider.Unanswered{Err: err}
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

// reply is the response to a call; its status is 0 if there was none.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// do sends a request. Along with an error, it returns what was received before it: a
// status is valid whatever became of its body. Neither the error nor the reply contains
// the key, and the error doesn't contain the request's URL.
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

// hide removes the key from text written by others: some echo what they were sent.
func hide(text string, key video.Key) string {
	if key.Value == "" {
		return text
	}
	return strings.ReplaceAll(text, key.Value, "[key]")
}

func (r reply) ok() bool { return r.status == http.StatusOK || r.status == http.StatusCreated }

// inferenceID returns the ID that every answer has in a header, if it is a valid one.
func (r reply) inferenceID() string {
	id := r.header.Get("x-inference-id")
	if !validID(id) {
		return ""
	}
	return id
}

// refusal returns the refusal in the reply, or nil. 429, 400, 401 and 403 are refusals by
// their status alone. 402, 404, 405, 413, 415 and 422 are refusals only with an API's error
// body, since an intermediary may send them too. No other status is a refusal.
func (r reply) refusal(now time.Time) *provider.Refusal {
	said, own := r.said()
	refusal := &provider.Refusal{Said: said, RetryAfter: retryAfter(r.header, now)}
	switch r.status {
	case http.StatusTooManyRequests:
		refusal.Kind = provider.RefusedBusy
	case http.StatusBadRequest:
		refusal.Kind = provider.RefusedInvalid
	case http.StatusUnauthorized:
		refusal.Kind = provider.RefusedKey
	case http.StatusForbidden, http.StatusPaymentRequired:
		refusal.Kind = provider.RefusedFunds
	case http.StatusNotFound:
		refusal.Kind = provider.RefusedUnknown
	case http.StatusMethodNotAllowed, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity:
		refusal.Kind = provider.RefusedInvalid
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

func (r reply) unanswered(now time.Time) *provider.Unanswered {
	return &provider.Unanswered{
		Err:        fmt.Errorf("it answered %d", r.status),
		RetryAfter: retryAfter(r.header, now),
	}
}

// said returns the words of an error body, and whether it is an API's: the provider's
// {message, path, requestId, statusCode, timestamp}, or a similar body with an error.
// Intermediaries answer with pages.
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

// retryAfter parses a Retry-After header, which is a number of seconds or a date
// (RFC 9110, 10.2.3). It returns 0 if there is no usable one.
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
