package transfer

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

	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/wait"
)

// maxTries is how often a source is asked in a row without progress.
const maxTries = 6

// maxRetryAfter is the longest Retry-After of a source that is kept to.
const maxRetryAfter = 30 * time.Second

var (
	errIdle = errors.New("its server sent nothing for too long")
	errSlow = errors.New("its server sends too slowly")
	// errNoRange says that a response is not for the range that was requested.
	errNoRange = errors.New("its server's answer is not for the bytes that were asked for")
)

// statusError is an HTTP status without the file.
type statusError struct {
	code       int
	retryAfter time.Duration // that the server asks for
}

func (e *statusError) Error() string { return fmt.Sprintf("its server answered %d", e.code) }

// expired reports whether another URL may work.
func (e *statusError) expired() bool {
	return e.code == http.StatusForbidden || e.code == http.StatusNotFound || e.code == http.StatusGone
}

// temporary reports whether the same request may succeed later.
func (e *statusError) temporary() bool {
	return e.code >= 500 || e.code == http.StatusRequestTimeout || e.code == http.StatusTooEarly || e.code == http.StatusTooManyRequests
}

// fetcher makes requests to sources.
type fetcher struct {
	client   *http.Client
	loopback bool
	timeouts Timeouts
}

// response is an HTTP response with bytes of a file. Its receiver closes it.
type response struct {
	body      io.ReadCloser
	from      int64  // the offset of its first byte
	to        int64  // the offset after its last byte; -1: unknown
	length    int64  // of the file; -1: unknown
	etag      string // a strong one, or empty
	ranged    bool   // it is for the range that was requested
	delimited bool   // the body's end can be told from a connection that broke

	timeouts Timeouts
	cancel   context.CancelFunc
	idle     *time.Timer // cancels the request
	timedOut *atomic.Bool
	waited   time.Duration // for the body, in this window
	received int64         // in this window
}

// get requests the range [from, to) of the file; or if to is 0, the whole file without
// a range. With an ETag, only that version is wanted. If the URL has expired, get takes
// a fresh one.
func (f *fetcher) get(ctx context.Context, urls *urlSource, from, to int64, etag string) (*response, error) {
	failed, why := 0, error(nil)
	for {
		address, number, err := urls.get(ctx, failed, why)
		if err != nil {
			return nil, err
		}
		r, err := f.request(ctx, address, from, to, etag)
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
func (f *fetcher) request(ctx context.Context, address string, from, to int64, etag string) (*response, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, errUnreadableURL()
	}
	if err := checkURL(u, f.loopback); err != nil {
		return nil, err
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
	r := &response{timeouts: f.timeouts, cancel: cancel, timedOut: new(atomic.Bool)}
	r.idle = time.AfterFunc(f.timeouts.Idle, func() { r.timedOut.Store(true); cancel() })
	answer, err := f.client.Do(req)
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
		_ = answer.Body.Close() // nothing of it is wanted
		return nil, err
	}
	r.body = answer.Body
	return r, nil
}

// retry waits until it is time to make a request again, or gives the error where that
// can't help. After progress, it is time at once.
func (f *fetcher) retry(ctx context.Context, err error, tries int, progressed bool) error {
	var rejected *video.VideoRejected
	var over *restart
	var own *sourceError
	var status *statusError
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &rejected), errors.As(err, &over), errors.As(err, &own):
		return err
	case errors.As(err, &status) && !status.temporary():
		return err
	case tries >= maxTries-1:
		return err
	}
	delay := f.timeouts.RetryDelay << tries
	if progressed {
		delay = 0
	}
	if status != nil {
		delay = max(delay, status.retryAfter)
	}
	return wait.For(ctx, delay)
}

// readHeader reads what the response's header says of the file.
func (r *response) readHeader(answer *http.Response, from, to int64) error {
	r.from, r.to, r.length = 0, answer.ContentLength, answer.ContentLength
	r.delimited = answer.ContentLength >= 0 || len(answer.TransferEncoding) > 0 || answer.ProtoMajor > 1
	if tag := answer.Header.Get("ETag"); strings.HasPrefix(tag, `"`) {
		r.etag = tag
	}
	switch {
	case answer.StatusCode == http.StatusOK:
		return nil
	case answer.StatusCode == http.StatusPartialContent && to > 0:
		first, end, length, ok := contentRange(answer.Header.Get("Content-Range"))
		if ok && first == from && end == min(to, length) && (r.to < 0 || r.to == end-first) {
			r.from, r.to, r.length, r.ranged = first, end, length, true
			return nil
		}
		fallthrough
	case answer.StatusCode == http.StatusRequestedRangeNotSatisfiable && to > 0:
		return errNoRange
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

// Read implements io.Reader. It gives errIdle or errSlow for a source that sends
// nothing, or too little.
func (r *response) Read(p []byte) (int, error) {
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
			err = errSlow
		}
		r.waited, r.received = 0, 0
	}
	return n, err
}

func (r *response) close() {
	r.idle.Stop()
	r.cancel()
	_ = r.body.Close() // the rest of it is not wanted
}

// withoutURL removes from an error of net/http what may be the URL.
func withoutURL(err error) error {
	var rejected *video.VideoRejected
	if errors.As(err, &rejected) {
		return rejected
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
