// Package client calls Takeup's API. It repeats calls that failed in a way that may
// pass, and returns a refusal as an error with the API's own message.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/video"
)

// maxReply is more bytes than any reply of the API has.
const maxReply = 8 << 20

// Attempts is how often a call is made at the most. Only a call without a response,
// or with 429 or a status of 500 or above, is repeated.
const Attempts = 5

// Config is what a Client needs to know.
type Config struct {
	BaseURL string // of the API, without a slash at the end
	Token   string
	HTTP    *http.Client
	// Sleep waits, and returns early with an error when the context is done.
	Sleep func(context.Context, time.Duration) error
}

// Client calls one API. It is safe for concurrent use. Besides the errors that a method
// names, each can return a *Refused, an *Unreachable, an *Unexpected, or the error of
// a context that is done.
type Client struct{ config Config }

// New makes a Client.
func New(config Config) *Client {
	// A redirect leads to S3, which must not get the token. net/http would send it along
	// to another path of the same host.
	calls := *config.HTTP
	calls.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	config.HTTP = &calls
	return &Client{config: config}
}

// Create starts a job and returns its id. Calls with the same key and the same request
// start one job.
func (c *Client) Create(ctx context.Context, request video.Request, key string) (id string, err error) {
	var got api.Generation
	err = c.post(ctx, api.GenerationsPath, json.RawMessage(request.Whole()), &got, api.IdempotencyKeyHeader, key)
	if err == nil && !video.ValidID(got.ID) {
		err = &Unexpected{Address: c.config.BaseURL, What: fmt.Sprintf("its reply has no usable id: %.100q", got.ID)}
	}
	return got.ID, err
}

// Video returns all that is known of a job.
func (c *Client) Video(ctx context.Context, id string) (api.Video, error) {
	var got api.Video
	_, err := c.about(ctx, http.MethodGet, api.VideoPath, id, nil, &got)
	return got, err
}

// Statuses returns the statuses of jobs, in the order of their ids, without those that
// are no job's. It takes at most api.MaxStatuses ids.
func (c *Client) Statuses(ctx context.Context, ids []string) ([]api.Status, error) {
	var got api.StatusList
	err := c.post(ctx, api.StatusesPath, api.StatusRequest{IDs: ids}, &got)
	return got.Statuses, err
}

// File returns the file of a completed job. The API looks whether the bucket still has
// it; if not, the error is a *Refused that says why.
func (c *Client) File(ctx context.Context, id string) (api.File, error) {
	if err := video.CheckID(id); err != nil {
		return api.File{}, err
	}
	var got api.File
	_, err := c.get(ctx, api.PathOf(api.ContentPath, id), url.Values{api.ParamRedirect: {"false"}}, &got)
	return got, err
}

// List returns a page of the jobs, newest first.
func (c *Client) List(ctx context.Context, q api.ListQuery) (api.VideoList, error) {
	var got api.VideoList
	_, err := c.get(ctx, api.VideosPath, q.Values(), &got)
	return got, err
}

// Delete cancels a job that isn't submitted yet. With discard it also gives up a video
// that is paid.
func (c *Client) Delete(ctx context.Context, id string, discard bool) (api.Video, error) {
	query := url.Values{}
	if discard {
		query.Set(api.ParamDiscard, "true")
	}
	var got api.Video
	_, err := c.about(ctx, http.MethodDelete, api.VideoPath, id, query, &got)
	return got, err
}

// Redrive resumes a job that ended without a video. It also returns the name of the
// execution that does.
func (c *Client) Redrive(ctx context.Context, id string) (api.Video, string, error) {
	var got api.Video
	header, err := c.about(ctx, http.MethodPost, api.RedrivePath, id, nil, &got)
	return got, header.Get(api.ExecutionHeader), err
}

// Retry ends the wait of a job. It also returns the name of the execution that does.
func (c *Client) Retry(ctx context.Context, id string) (api.Video, string, error) {
	var got api.Video
	header, err := c.about(ctx, http.MethodPost, api.RetryPath, id, nil, &got)
	return got, header.Get(api.ExecutionHeader), err
}

// Forget clears the texts of a job that has ended.
func (c *Client) Forget(ctx context.Context, id string) (api.Forgotten, error) {
	if err := video.CheckID(id); err != nil {
		return api.Forgotten{}, err
	}
	var got api.Forgotten
	_, err := c.insist(ctx, call{method: http.MethodPost, path: api.PathOf(api.ForgetPath, id)}, &got)
	if err == nil && got.Video.ID != id {
		err = c.otherJob(got.Video.ID, id)
	}
	return got, err
}

// Control says whether jobs are submitted, and what counts against the caps.
func (c *Client) Control(ctx context.Context) (api.Control, error) {
	var got api.Control
	_, err := c.get(ctx, api.ControlPath, nil, &got)
	return got, err
}

// Usage returns what the attempts of a month have come to.
func (c *Client) Usage(ctx context.Context, q api.UsageQuery) (api.Usage, error) {
	var got api.Usage
	_, err := c.get(ctx, api.UsagePath, q.Values(), &got)
	return got, err
}

// Models returns the models, the default first.
func (c *Client) Models(ctx context.Context) (api.ModelList, error) {
	var got api.ModelList
	_, err := c.get(ctx, api.ModelsPath, nil, &got)
	return got, err
}

// Model returns what a model takes. The error is a *Refused with status 404 where there is
// no such model.
func (c *Client) Model(ctx context.Context, name string) (catalogue.Schema, error) {
	var got catalogue.Schema
	_, err := c.get(ctx, strings.Replace(api.ModelPath, "{name}", name, 1), nil, &got)
	return got, err
}

// Check returns a request as it would be taken, and what it would cost. It starts
// nothing. The error of a request that would be refused is the same *Refused as from Create.
func (c *Client) Check(ctx context.Context, request video.Request) (api.Checked, error) {
	var got api.Checked
	err := c.post(ctx, api.CheckPath, json.RawMessage(request.Whole()), &got)
	return got, err
}

// Clock makes a call that needs the token, and returns the time by the API's clock; the
// zero time if the response has none.
func (c *Client) Clock(ctx context.Context) (time.Time, error) {
	header, err := c.get(ctx, api.VideosPath, api.ListQuery{Limit: 1}.Values(), &api.VideoList{})
	if err != nil {
		return time.Time{}, err
	}
	at, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		return time.Time{}, nil
	}
	return at, nil
}

// about makes a call that is answered with the job that it is about.
func (c *Client) about(ctx context.Context, method, path, id string, query url.Values, reply *api.Video) (http.Header, error) {
	if err := video.CheckID(id); err != nil {
		return nil, err
	}
	header, err := c.insist(ctx, call{method: method, path: api.PathOf(path, id), query: query}, reply)
	if err == nil && reply.ID != id {
		err = c.otherJob(reply.ID, id)
	}
	return header, err
}

func (c *Client) otherJob(got, want string) error {
	return &Unexpected{Address: c.config.BaseURL, What: fmt.Sprintf("its reply is about %.100q, not about %s", got, want)}
}

func (c *Client) get(ctx context.Context, path string, query url.Values, reply any) (http.Header, error) {
	return c.insist(ctx, call{method: http.MethodGet, path: path, query: query}, reply)
}

// post sends a body as JSON, with headers given as names and values by turns.
func (c *Client) post(ctx context.Context, path string, body, reply any, headers ...string) error {
	encoded, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("encoding the request: %w", err)
	}
	header := http.Header{"Content-Type": {"application/json"}}
	for i := 0; i < len(headers); i += 2 {
		header.Set(headers[i], headers[i+1])
	}
	_, err = c.insist(ctx, call{method: http.MethodPost, path: path, header: header, body: encoded}, reply)
	return err
}

// call is one call of the API.
type call struct {
	method, path string
	query        url.Values
	header       http.Header
	body         []byte
}

// insist makes a call, and repeats it as Attempts says.
func (c *Client) insist(ctx context.Context, what call, reply any) (http.Header, error) {
	return c.repeat(ctx, func() (http.Header, error) { return c.once(ctx, what, reply) })
}

// repeat does something until it succeeds or can't, as Attempts says.
func (c *Client) repeat(ctx context.Context, once func() (http.Header, error)) (http.Header, error) {
	for attempt := 1; ; attempt++ {
		header, err := once()
		if err == nil || attempt == Attempts || ctx.Err() != nil {
			return header, err
		}
		wait := time.Second << (attempt - 1)
		var refused *Refused
		if errors.As(err, &refused) {
			if !refused.Passing() {
				return header, err
			}
			wait = max(wait, min(refused.RetryAfter, time.Minute))
		}
		if err := c.config.Sleep(ctx, wait); err != nil {
			return header, err
		}
	}
}

func (c *Client) once(ctx context.Context, what call, reply any) (http.Header, error) {
	response, err := c.ask(ctx, what)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	data, err := io.ReadAll(io.LimitReader(response.Body, maxReply))
	if err != nil {
		return nil, &Unreachable{Address: c.config.BaseURL, Err: err}
	}
	if response.StatusCode/100 != 2 {
		return response.Header, refusal(response, data)
	}
	if err := json.Unmarshal(data, reply); err != nil {
		return response.Header, &Unexpected{Address: c.config.BaseURL, What: "its reply is not the JSON that it describes: " + err.Error()}
	}
	return response.Header, nil
}

// ask sends a call once. The caller closes the response's body.
func (c *Client) ask(ctx context.Context, what call) (*http.Response, error) {
	address := c.config.BaseURL + what.path
	if len(what.query) > 0 {
		address += "?" + what.query.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, what.method, address, bytes.NewReader(what.body))
	if err != nil {
		return nil, err
	}
	maps.Copy(request.Header, what.header)
	request.Header.Set("Authorization", "Bearer "+c.config.Token)
	request.Header.Set("Accept", "application/json")
	response, err := c.config.HTTP.Do(request)
	if err != nil {
		return nil, &Unreachable{Address: c.config.BaseURL, Err: withoutURL(err)}
	}
	return response, nil
}

// withoutURL keeps a signed URL out of a message.
func withoutURL(err error) error {
	var failed *url.Error
	if errors.As(err, &failed) {
		return failed.Err
	}
	return err
}
