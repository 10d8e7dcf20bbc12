// Package fetch requests ranges of a file from a URL: from public addresses over https, or from
// this machine for local runs. It detects a server that stalls or is too slow, replaces URLs
// that expire, and decides which failures are worth a retry. No error contains a URL.
package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/takeup/takeup/internal/guard"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/wait"
)

// maxTries limits consecutive requests to a source without progress.
const maxTries = 6

// maxRetryAfter is the longest Retry-After of a source that is obeyed.
const maxRetryAfter = 30 * time.Second

var (
	errIdle = errors.New("its server sent nothing for too long")
	// ErrSlow means that a response came too slowly.
	ErrSlow = errors.New("its server sends too slowly")
	// ErrNoRange means that a response is not for the requested range.
	ErrNoRange = errors.New("its server's answer is not for the bytes that were asked for")
)

// statusError is an HTTP status of a response without the file.
type statusError struct {
	code       int
	retryAfter time.Duration // as the server asks
}

func (e *statusError) Error() string { return fmt.Sprintf("its server answered %d", e.code) }

// expired reports whether a fresh URL may work.
func (e *statusError) expired() bool {
	return e.code == http.StatusForbidden || e.code == http.StatusNotFound || e.code == http.StatusGone
}

// temporary reports whether the same request may succeed later.
func (e *statusError) temporary() bool {
	return e.code >= 500 || e.code == http.StatusRequestTimeout || e.code == http.StatusTooEarly || e.code == http.StatusTooManyRequests
}

// Timeouts are a Client's timeouts and least rate.
type Timeouts struct {
	Idle       time.Duration // timeout of a response that sends nothing
	RateWindow time.Duration // window for measuring the rate of a response
	MinRate    int64         // bytes per second; a slower response fails
	RetryDelay time.Duration // before the second retry; doubles with each further one
}

// Client requests files. It is safe for concurrent use.
type Client struct {
	HTTP     *http.Client // makes the requests; tests replace its transport
	loopback bool
	timeouts Timeouts
}

// New returns a Client. With loopback, it also connects to this machine, and over http.
func New(loopback bool, timeouts Timeouts) *Client {
	return &Client{HTTP: newHTTPClient(loopback), loopback: loopback, timeouts: timeouts}
}

// Response is an HTTP response with bytes of a file. The caller must close it.
type Response struct {
	To        int64  // offset in the file after its last byte, or -1 if unknown
	Length    int64  // of the file, or -1 if unknown
	ETag      string // a strong ETag, or empty
	Ranged    bool   // whether it is for the requested range
	Delimited bool   // whether the body's end can be told from a broken connection

	body     io.ReadCloser
	timeouts Timeouts
	cancel   context.CancelFunc
	idle     *time.Timer // cancels the request
	timedOut *atomic.Bool
	waited   time.Duration // for the body, in the current rate window
	received int64         // in the current rate window
}

// Get requests the range [from, to) of a file, or the whole file without a range if to is 0.
// With an ETag, a server that has another version may respond with the whole of that version. If
// the URL has expired, Get uses a fresh one.
func (c *Client) Get(ctx context.Context, urls *URLs, from, to int64, etag string) (*Response, error) {
	failed, why := 0, error(nil)
	for {
		address, number, err := urls.get(ctx, failed, why)
		if err != nil {
			return nil, err
		}
		r, err := c.request(ctx, address, from, to, etag)
		var status *statusError
		switch {
		case err == nil:
			urls.succeeded()
			return r, nil
		case errors.As(err, &status) && status.expired():
			failed, why = number, fmt.Errorf("asking for the file: %w", err)
		default:
			return nil, fmt.Errorf("asking for the file: %w", err)
		}
	}
}

// request makes one request.
func (c *Client) request(ctx context.Context, address string, from, to int64, etag string) (*Response, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, errUnreadableURL()
	}
	if err := guard.URL(u, c.loopback); err != nil {
		return nil, withoutURL(err)
	}
	ctx, cancel := context.WithCancel(ctx)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		cancel()
		return nil, errUnreadableURL()
	}
	if to > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", from, to-1))
	}
	if etag != "" {
		req.Header.Set("If-Range", etag)
	}
	r := &Response{timeouts: c.timeouts, cancel: cancel, timedOut: new(atomic.Bool)}
	r.idle = time.AfterFunc(c.timeouts.Idle, func() { r.timedOut.Store(true); cancel() })
	answer, err := c.HTTP.Do(req)
	r.idle.Stop()
	if err != nil {
		cancel()
		if r.timedOut.Load() {
			return nil, errIdle
		}
		return nil, withoutURL(err)
	}
	if err := r.readHeader(answer, from, to); err != nil {
		cancel()
		_ = answer.Body.Close() // its content is not needed
		return nil, err
	}
	r.body = answer.Body
	return r, nil
}

// Retry waits before the retry of a request that failed, after a number of consecutive failures.
// After progress, it waits only for the server's Retry-After. If a retry can't help, Retry
// returns the request's error, or the context's.
func (c *Client) Retry(ctx context.Context, err error, tries int, progressed bool) error {
	var rejected *video.VideoRejected
	var own *urlError
	var status *statusError
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &rejected), errors.As(err, &own):
		return err
	case errors.As(err, &status) && !status.temporary():
		return err
	case tries >= maxTries-1:
		return err
	}
	delay := c.timeouts.RetryDelay << tries
	if progressed {
		delay = 0
	}
	if status != nil {
		delay = max(delay, status.retryAfter)
	}
	return wait.For(ctx, delay)
}

// readHeader reads the file's properties from the response's header.
func (r *Response) readHeader(answer *http.Response, from, to int64) error {
	r.To, r.Length = answer.ContentLength, answer.ContentLength
	r.Delimited = answer.ContentLength >= 0 || len(answer.TransferEncoding) > 0 || answer.ProtoMajor > 1
	if tag := answer.Header.Get("ETag"); strings.HasPrefix(tag, `"`) {
		r.ETag = tag
	}
	switch {
	case answer.StatusCode == http.StatusOK:
		return nil
	case answer.StatusCode == http.StatusPartialContent && to > 0:
		first, end, length, ok := contentRange(answer.Header.Get("Content-Range"))
		if ok && first == from && end == min(to, length) && (r.To < 0 || r.To == end-first) {
			r.To, r.Length, r.Ranged = end, length, true
			return nil
		}
		fallthrough
	case answer.StatusCode == http.StatusRequestedRangeNotSatisfiable && to > 0:
		return ErrNoRange
	}
	seconds, err := strconv.ParseUint(answer.Header.Get("Retry-After"), 10, 63)
	if err != nil {
		seconds = 0
	}
	return &statusError{code: answer.StatusCode, retryAfter: time.Duration(min(seconds, uint64(maxRetryAfter/time.Second))) * time.Second}
}

// contentRange reads "bytes 0-4/10" as 0, 5, 10 (RFC 9110, 14.4).
func contentRange(value string) (from, to, length int64, ok bool) {
	unit, rest, _ := strings.Cut(value, " ")
	span, size, _ := strings.Cut(rest, "/")
	first, last, _ := strings.Cut(span, "-")
	from, err := strconv.ParseInt(first, 10, 64)
	end, err2 := strconv.ParseInt(last, 10, 62)
	length, err3 := strconv.ParseInt(size, 10, 64)
	if unit != "bytes" || err != nil || err2 != nil || err3 != nil || from < 0 || end < from || length <= end {
		return 0, 0, 0, false
	}
	return from, end + 1, length, true
}

// Read implements io.Reader. It fails if the server sends nothing for too long. The error is
// ErrSlow if the server sends too slowly.
func (r *Response) Read(p []byte) (int, error) {
	r.idle.Reset(r.timeouts.Idle)
	before := time.Now()
	n, err := r.body.Read(p)
	r.idle.Stop()
	r.waited += time.Since(before)
	r.received += int64(n)
	switch {
	case err == nil || errors.Is(err, io.EOF):
	case r.timedOut.Load():
		err = errIdle
	default:
		err = withoutURL(err)
	}
	if r.waited >= r.timeouts.RateWindow {
		if err == nil && r.received < int64(r.timeouts.RateWindow.Seconds()*float64(r.timeouts.MinRate)) {
			err = ErrSlow
		}
		r.waited, r.received = 0, 0
	}
	return n, err
}

// Cancel makes the current and all later calls of Read fail. It may be called concurrently.
func (r *Response) Cancel() { r.cancel() }

// Close ends the request, without reading the rest of the body.
func (r *Response) Close() {
	r.idle.Stop()
	r.cancel()
	_ = r.body.Close() // its error says nothing about the bytes that were read
}

// withoutURL removes anything that may be the URL from an error of net/http.
func withoutURL(err error) error {
	var rejected *video.VideoRejected
	if errors.As(err, &rejected) {
		return rejected
	}
	var refused *guard.Refused
	if errors.As(err, &refused) {
		return &video.VideoRejected{Reason: refused.Reason}
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	if text, _, quotes := strings.Cut(err.Error(), `"`); quotes {
		return errors.New(text + "…")
	}
	return err
}

func errUnreadableURL() error {
	return &video.VideoRejected{Reason: "its address can't be read"}
}
