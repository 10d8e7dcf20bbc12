// Package client calls Takeup's API (docs/openapi.yaml), as the command line
// does: it tries again what may be tried again, and turns what the API refuses
// into errors that say what to do.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/takeup/takeup/internal/video"
)

// createPath is the one of the provider's two paths that is used here. Both take
// every model.
const createPath = "/v2/video/generations"

// maxReply is more than any reply of the API has.
const maxReply = 8 << 20

// Attempts is how often a call is made that gets no answer, or one that says to
// try again.
const Attempts = 5

// Config is what a Client needs to know.
type Config struct {
	BaseURL string // of the API, without a slash at the end
	Token   string
	HTTP    *http.Client
	// Sleep waits, unless the context is over first.
	Sleep func(context.Context, time.Duration) error
}

// Client calls the API at an address. It is safe for concurrent use.
type Client struct{ config Config }

// New makes a Client.
func New(config Config) *Client {
	// A redirect leads to S3, which must not be shown the token: net/http would
	// pass it on to another path of the same host.
	calls := *config.HTTP
	calls.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	config.HTTP = &calls
	return &Client{config: config}
}

// Create starts a job and gives its id. The key makes the attempts one job, also
// those of another call with the same key and request.
func (c *Client) Create(ctx context.Context, request video.Request, key string) (id string, err error) {
	body, err := json.Marshal(request)
	if err != nil {
		return "", fmt.Errorf("encoding the request: %w", err)
	}
	var got struct {
		ID string `json:"id"`
	}
	_, err = c.insist(ctx, call{
		method: http.MethodPost, path: createPath, body: body,
		header: map[string]string{"Content-Type": "application/json", "Idempotency-Key": key},
	}, &got)
	if err == nil && !video.ValidID(got.ID) {
		err = &Strange{Address: c.config.BaseURL, What: fmt.Sprintf("its reply has no usable id: %.100q", got.ID)}
	}
	return got.ID, err
}

// Video says all that is known of a job.
func (c *Client) Video(ctx context.Context, id string) (Video, error) {
	var got Video
	_, err := c.about(ctx, http.MethodGet, id, "", &got)
	return got, err
}

// Statuses says how those of at most 100 ids that are jobs are doing, in their order.
func (c *Client) Statuses(ctx context.Context, ids []string) ([]Status, error) {
	body, err := json.Marshal(map[string][]string{"ids": ids})
	if err != nil {
		return nil, fmt.Errorf("encoding the request: %w", err)
	}
	var got struct {
		Statuses []Status `json:"statuses"`
	}
	_, err = c.insist(ctx, call{
		method: http.MethodPost, path: "/statuses", body: body, header: map[string]string{"Content-Type": "application/json"},
	}, &got)
	return got.Statuses, err
}

// File gives the addresses of a video, and looks whether it is there. What became of
// one that isn't is a *Refused.
func (c *Client) File(ctx context.Context, id string) (File, error) {
	if err := video.CheckID(id); err != nil {
		return File{}, err
	}
	var got File
	_, err := c.insist(ctx, call{method: http.MethodGet, path: "/videos/" + id + "/content?redirect=false"}, &got)
	return got, err
}

// List gives a page of the jobs, newest first.
func (c *Client) List(ctx context.Context, q Query) (Page, error) {
	query := url.Values{}
	for name, value := range map[string]string{"status": q.Status, "model": q.Model, "owner": q.Owner, "q": q.Words, "cursor": q.Cursor} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if !q.From.IsZero() {
		query.Set("from", q.From.UTC().Format(time.RFC3339Nano))
	}
	if q.Limit > 0 {
		query.Set("limit", strconv.Itoa(q.Limit))
	}
	path := "/videos"
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	var page Page
	_, err := c.insist(ctx, call{method: http.MethodGet, path: path}, &page)
	return page, err
}

// Delete cancels a job that isn't submitted yet. With discard it also gives up
// one that is paid.
func (c *Client) Delete(ctx context.Context, id string, discard bool) (Video, error) {
	suffix := ""
	if discard {
		suffix = "?discard=true"
	}
	var got Video
	_, err := c.about(ctx, http.MethodDelete, id, suffix, &got)
	return got, err
}

// Redrive goes on with a job that ended without a video, and gives the name of
// the execution that does.
func (c *Client) Redrive(ctx context.Context, id string) (Video, string, error) {
	var got Video
	header, err := c.about(ctx, http.MethodPost, id, "/redrive", &got)
	return got, header.Get("X-Execution-Name"), err
}

// Retry has a job that waits tried now, and gives the name of the execution that does
// so.
func (c *Client) Retry(ctx context.Context, id string) (Video, string, error) {
	var got Video
	header, err := c.about(ctx, http.MethodPost, id, "/retry", &got)
	return got, header.Get("X-Execution-Name"), err
}

// Forget clears the texts of a job that has ended.
func (c *Client) Forget(ctx context.Context, id string) (Forgotten, error) {
	if err := video.CheckID(id); err != nil {
		return Forgotten{}, err
	}
	var got Forgotten
	_, err := c.insist(ctx, call{method: http.MethodPost, path: "/videos/" + id + "/forget"}, &got)
	if err == nil && got.Video.ID != id {
		err = &Strange{Address: c.config.BaseURL, What: fmt.Sprintf("its reply is about %.100q, not about %s", got.Video.ID, id)}
	}
	return got, err
}

// Control says whether jobs are submitted to the provider.
func (c *Client) Control(ctx context.Context) (Control, error) {
	var got Control
	_, err := c.insist(ctx, call{method: http.MethodGet, path: "/control"}, &got)
	return got, err
}

// Models lists what there is to ask for.
func (c *Client) Models(ctx context.Context) (Models, error) {
	var got Models
	_, err := c.insist(ctx, call{method: http.MethodGet, path: "/models"}, &got)
	return got, err
}

// Check says whether a request would be taken, and what it would cost. Nothing is
// started.
func (c *Client) Check(ctx context.Context, request video.Request) (Checked, error) {
	body, err := json.Marshal(request)
	if err != nil {
		return Checked{}, fmt.Errorf("encoding the request: %w", err)
	}
	var got Checked
	_, err = c.insist(ctx, call{
		method: http.MethodPost, path: "/check", body: body, header: map[string]string{"Content-Type": "application/json"},
	}, &got)
	return got, err
}

// Clock asks for something that needs the token, and gives the time that the
// reply says it is there; the zero time where it doesn't say.
func (c *Client) Clock(ctx context.Context) (time.Time, error) {
	header, err := c.insist(ctx, call{method: http.MethodGet, path: "/videos?limit=1"}, &Page{})
	if err != nil {
		return time.Time{}, err
	}
	at, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		return time.Time{}, nil
	}
	return at, nil
}

func (c *Client) about(ctx context.Context, method, id, suffix string, reply *Video) (http.Header, error) {
	if err := video.CheckID(id); err != nil {
		return nil, err
	}
	header, err := c.insist(ctx, call{method: method, path: "/videos/" + id + suffix}, reply)
	if err == nil && reply.ID != id {
		err = &Strange{Address: c.config.BaseURL, What: fmt.Sprintf("its reply is about %.100q, not about %s", reply.ID, id)}
	}
	return header, err
}

// call is one call of the API.
type call struct {
	method, path string
	header       map[string]string
	body         []byte
}

// insist calls until there is an answer that says something.
func (c *Client) insist(ctx context.Context, what call, reply any) (http.Header, error) {
	for attempt := 1; ; attempt++ {
		header, err := c.once(ctx, what, reply)
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
	request, err := http.NewRequestWithContext(ctx, what.method, c.config.BaseURL+what.path, bytes.NewReader(what.body))
	if err != nil {
		return nil, err
	}
	for name, value := range what.header {
		request.Header.Set(name, value)
	}
	request.Header.Set("Authorization", "Bearer "+c.config.Token)
	request.Header.Set("Accept", "application/json")
	response, err := c.config.HTTP.Do(request)
	if err != nil {
		return nil, &Unreachable{Address: c.config.BaseURL, Err: withoutURL(err)}
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
		return response.Header, &Strange{Address: c.config.BaseURL, What: "its reply is not the JSON that it describes: " + err.Error()}
	}
	return response.Header, nil
}

// withoutURL keeps a signed URL out of a message.
func withoutURL(err error) error {
	var failed *url.Error
	if errors.As(err, &failed) {
		return failed.Err
	}
	return err
}
