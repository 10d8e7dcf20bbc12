package main

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
	"strings"
	"time"

	"github.com/takeup/takeup/internal/video"
)

// generationsPath is the one of the API's two paths that is used here. Both take
// every model.
const generationsPath = "/v2/video/generations"

// maxReply is more than any reply of the API has.
const maxReply = 1 << 20

// newHTTPClient limits a call's silence and not its length: a video is long.
func newHTTPClient() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = 40 * time.Second // API Gateway answers within 29
	return &http.Client{Transport: transport}
}

// api is Takeup's API at an address.
type api struct {
	*world
	base  string
	token string
}

// generation is the API's reply about a job.
type generation struct {
	ID     string `json:"id"`
	Status string `json:"status"`
	Video  *struct {
		URL string `json:"url"`
	} `json:"video"`
	Error *struct {
		Name    string `json:"name"`
		Message string `json:"message"`
	} `json:"error"`
	Meta *struct {
		Usage struct {
			Credits int64 `json:"credits_used"`
		} `json:"usage"`
	} `json:"meta"`
}

// apiError is a request that the API refused, in its own words.
type apiError struct {
	Status int
	Said   []string

	retryAfter time.Duration
}

func (e *apiError) Error() string {
	return fmt.Sprintf("the API refused the request (%d): %s", e.Status, strings.Join(e.Said, "\n  "))
}

// attempts is how often a call is made that gets no answer, or one that says to
// try again.
const attempts = 5

// create starts a job. The key makes the attempts one job.
func (a *api) create(ctx context.Context, request video.Request, key string) (generation, error) {
	body, err := json.Marshal(request)
	if err != nil {
		return generation{}, fmt.Errorf("encoding the request: %w", err)
	}
	header := http.Header{"Content-Type": {"application/json"}, "Idempotency-Key": {key}}
	got, err := a.insist(ctx, http.MethodPost, generationsPath, header, body)
	if err == nil && !video.ValidID(got.ID) {
		err = fmt.Errorf("the API's reply has no usable id: %.100q; is %s Takeup's API?", got.ID, a.base)
	}
	return got, err
}

// retrieve asks how a job is doing.
func (a *api) retrieve(ctx context.Context, id string) (generation, error) {
	return a.insist(ctx, http.MethodGet, generationsPath+"?generation_id="+url.QueryEscape(id), nil, nil)
}

// insist calls until there is an answer that says something.
func (a *api) insist(ctx context.Context, method, path string, header http.Header, body []byte) (generation, error) {
	for attempt := 1; ; attempt++ {
		got, err := a.call(ctx, method, path, header, body)
		if err == nil || attempt == attempts || ctx.Err() != nil {
			return got, err
		}
		wait := time.Second << (attempt - 1)
		var refused *apiError
		if errors.As(err, &refused) {
			if refused.Status != http.StatusTooManyRequests && refused.Status < 500 {
				return got, err
			}
			wait = max(wait, min(refused.retryAfter, time.Minute))
		}
		if err := a.sleep(ctx, wait); err != nil {
			return got, err
		}
	}
}

func (a *api) call(ctx context.Context, method, path string, header http.Header, body []byte) (generation, error) {
	request, err := http.NewRequestWithContext(ctx, method, a.base+path, bytes.NewReader(body))
	if err != nil {
		return generation{}, err
	}
	for name, values := range header {
		request.Header[name] = values
	}
	request.Header.Set("Authorization", "Bearer "+a.token)
	response, err := a.http.Do(request)
	if err != nil {
		return generation{}, fmt.Errorf("calling the API: %w", err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(io.LimitReader(response.Body, maxReply))
	if err != nil {
		return generation{}, fmt.Errorf("reading the API's reply: %w", err)
	}
	if response.StatusCode/100 != 2 {
		return generation{}, refusal(response, data)
	}
	var got generation
	if err := json.Unmarshal(data, &got); err != nil {
		return generation{}, fmt.Errorf("the API's reply is not its JSON: %w; is %s Takeup's API?", err, a.base)
	}
	return got, nil
}

// refusal reads the API's error shape: a message, or a list of them.
func refusal(response *http.Response, data []byte) error {
	e := &apiError{Status: response.StatusCode}
	if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && seconds > 0 {
		e.retryAfter = time.Duration(seconds) * time.Second
	}
	var body struct {
		Message json.RawMessage `json:"message"`
	}
	var one string
	if json.Unmarshal(data, &body) == nil {
		if json.Unmarshal(body.Message, &one) == nil {
			e.Said = []string{one}
		} else {
			_ = json.Unmarshal(body.Message, &e.Said) // another shape leaves it empty
		}
	}
	if len(e.Said) == 0 {
		e.Said = []string{http.StatusText(response.StatusCode) + "; is that the address of Takeup's API?"}
	}
	return e
}
