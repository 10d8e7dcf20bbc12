package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/video"
)

// CreateBatch makes a batch, and returns the form that its file is to be uploaded with. Calls
// with the same key that ask for all videos again are one batch.
func (c *Client) CreateBatch(ctx context.Context, request api.BatchRequest, key string) (api.BatchUpload, error) {
	var got api.BatchUpload
	err := c.post(ctx, api.BatchesPath, request, &got, api.IdempotencyKeyHeader, key)
	if err == nil && (!video.ValidID(got.Batch.ID) || got.Upload.URL == "") {
		err = &Unexpected{Address: c.config.BaseURL, What: fmt.Sprintf("its reply has no usable batch: %.100q", got.Batch.ID)}
	}
	return got, err
}

// Batches returns a page of the batches, newest first. A limit of 0 is the API's own, and an
// empty cursor the first page.
func (c *Client) Batches(ctx context.Context, limit int, cursor string) (api.BatchList, error) {
	query := url.Values{}
	if limit > 0 {
		query.Set(api.ParamLimit, strconv.Itoa(limit))
	}
	if cursor != "" {
		query.Set(api.ParamCursor, cursor)
	}
	var got api.BatchList
	_, err := c.get(ctx, api.BatchesPath, query, &got)
	return got, err
}

// Batch returns all that is known of a batch.
func (c *Client) Batch(ctx context.Context, id string) (api.Batch, error) {
	var got api.Batch
	err := c.ofBatch(ctx, http.MethodGet, api.BatchPath, id, &got, &got)
	return got, err
}

// StartBatch starts a batch that is planned, or that has ended and is to go on.
func (c *Client) StartBatch(ctx context.Context, id string, skipInvalid bool) (api.Batch, error) {
	if err := video.CheckID(id); err != nil {
		return api.Batch{}, err
	}
	var got api.Batch
	err := c.post(ctx, api.PathOf(api.BatchStartPath, id), api.BatchStart{SkipInvalid: skipInvalid}, &got)
	return got, c.sameBatch(err, got.ID, id)
}

// CancelBatch ends all videos of a batch that aren't submitted.
func (c *Client) CancelBatch(ctx context.Context, id string) (api.BatchCancelled, error) {
	var got api.BatchCancelled
	err := c.ofBatch(ctx, http.MethodDelete, api.BatchPath, id, &got, &got.Batch)
	return got, err
}

// ofBatch makes a call whose reply has the batch that it is about.
func (c *Client) ofBatch(ctx context.Context, method, path, id string, reply any, batch *api.Batch) error {
	if err := video.CheckID(id); err != nil {
		return err
	}
	_, err := c.insist(ctx, call{method: method, path: api.PathOf(path, id)}, reply)
	return c.sameBatch(err, batch.ID, id)
}

func (c *Client) sameBatch(err error, got, want string) error {
	if err == nil && got != want {
		return &Unexpected{Address: c.config.BaseURL, What: fmt.Sprintf("its reply is about %.100q, not about %s", got, want)}
	}
	return err
}

// BatchResults returns the result file of a batch, as CSV or JSON Lines. The caller closes it.
func (c *Client) BatchResults(ctx context.Context, id, format string) (io.ReadCloser, error) {
	if err := video.CheckID(id); err != nil {
		return nil, err
	}
	var body io.ReadCloser
	what := call{method: http.MethodGet, path: api.PathOf(api.BatchResultsPath, id), query: url.Values{api.ParamFormat: {format}}}
	_, err := c.repeat(ctx, func() (http.Header, error) {
		response, err := c.ask(ctx, what)
		if err != nil {
			return nil, err
		}
		switch response.StatusCode {
		case http.StatusOK:
			body = response.Body
			return response.Header, nil
		case http.StatusFound:
			if err := response.Body.Close(); err != nil {
				return response.Header, err
			}
			body, err = c.open(ctx, response.Header.Get("Location"), 0)
			return response.Header, err
		}
		data, err := io.ReadAll(io.LimitReader(response.Body, maxReply))
		return response.Header, errors.Join(refusal(response, data), err, response.Body.Close())
	})
	return body, err
}
