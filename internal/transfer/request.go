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
)

var (
	errStalled = errors.New("its server gave nothing for too long")
	errDrips   = errors.New("its server gives too little")
)

// longestAfter is the most seconds that a source's Retry-After is heeded.
const longestAfter = 30

// refusal is an HTTP status that gives no file.
type refusal struct {
	status int
	after  time.Duration // that the server asks to wait for
}

func (r *refusal) Error() string { return fmt.Sprintf("its server answered %d", r.status) }

// expired reports whether another URL may do.
func (r *refusal) expired() bool {
	return r.status == http.StatusForbidden || r.status == http.StatusNotFound || r.status == http.StatusGone
}

// passing reports whether the same request may be answered another time.
func (r *refusal) passing() bool {
	return r.status >= 500 || r.status == http.StatusRequestTimeout || r.status == http.StatusTooEarly || r.status == http.StatusTooManyRequests
}

// response is an answer with bytes of the file. Whoever has it closes it.
type response struct {
	body   io.ReadCloser
	from   int64  // the byte that it begins with
	to     int64  // the byte that it ends before; -1: not known
	length int64  // of the file; -1: not known
	etag   string // a strong one, or empty
	ranged bool   // it answers for the range that was asked for
	framed bool   // the end of the body can be told from a connection that broke

	pace    Pace
	cancel  context.CancelFunc
	alarm   *time.Timer
	stalled *atomic.Bool
	waited  time.Duration // in this window
	got     int64
}

// ask asks for the file from one byte up to another; for all of it, without a
// range, where to is 0. It takes a fresh URL for one that has expired.
func (c *Copier) ask(ctx context.Context, from *link, first, to int64, etag string) (*response, error) {
	givenUp, why := 0, error(nil)
	for {
		address, which, err := from.get(ctx, givenUp, why)
		if err != nil {
			return nil, err
		}
		r, err := c.request(ctx, address, first, to, etag)
		var refused *refusal
		switch {
		case err == nil:
			from.good()
			return r, nil
		case errors.As(err, &refused) && refused.expired():
			givenUp, why = which, fmt.Errorf("asking for the file: %w", err)
		default:
			return nil, fmt.Errorf("asking for the file: %w", err)
		}
	}
}

// request makes one request.
func (c *Copier) request(ctx context.Context, address string, first, to int64, etag string) (*response, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, &video.VideoRejected{Reason: "its address can't be read"}
	}
	if err := checkURL(u, c.config.Loopback); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		cancel()
		return nil, &video.VideoRejected{Reason: "its address can't be read"}
	}
	if to > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", first, to-1))
	}
	if etag != "" {
		req.Header.Set("If-Range", etag)
	}
	r := &response{pace: c.config.Pace, cancel: cancel, stalled: new(atomic.Bool)}
	r.alarm = time.AfterFunc(r.pace.Stall, func() { r.stalled.Store(true); cancel() })
	answer, err := c.source.Do(req)
	r.alarm.Stop()
	if err != nil {
		cancel()
		if r.stalled.Load() {
			return nil, errStalled
		}
		return nil, silent(err)
	}
	if err := r.describe(answer, first, to); err != nil {
		cancel()
		_ = answer.Body.Close() // nothing of it is wanted
		return nil, err
	}
	r.body = answer.Body
	return r, nil
}

// describe takes what the answer's header says.
func (r *response) describe(answer *http.Response, first, to int64) error {
	r.from, r.to, r.length = 0, answer.ContentLength, answer.ContentLength
	r.framed = answer.ContentLength >= 0 || len(answer.TransferEncoding) > 0 || answer.ProtoMajor > 1
	if tag := answer.Header.Get("ETag"); strings.HasPrefix(tag, `"`) {
		r.etag = tag
	}
	switch {
	case answer.StatusCode == http.StatusOK:
		return nil
	case answer.StatusCode == http.StatusPartialContent && to > 0:
		from, end, length, ok := contentRange(answer.Header.Get("Content-Range"))
		if ok && from == first && end == min(to, length) && (r.to < 0 || r.to == end-from) {
			r.from, r.to, r.length, r.ranged = from, end, length, true
			return nil
		}
		fallthrough
	case answer.StatusCode == http.StatusRequestedRangeNotSatisfiable && to > 0:
		return errNoRange
	}
	seconds, err := strconv.Atoi(answer.Header.Get("Retry-After"))
	if err != nil {
		seconds = 0
	}
	return &refusal{status: answer.StatusCode, after: time.Duration(min(max(0, seconds), longestAfter)) * time.Second}
}

// errNoRange says that an answer is not for the range that was asked for.
var errNoRange = errors.New("its server's answer is not for the bytes that were asked for")

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

// Read implements io.Reader. It fails where the source gives nothing for too
// long, or too little.
func (r *response) Read(p []byte) (int, error) {
	r.alarm.Reset(r.pace.Stall)
	before := time.Now()
	n, err := r.body.Read(p)
	r.alarm.Stop()
	r.waited += time.Since(before)
	r.got += int64(n)
	switch {
	case err == nil || errors.Is(err, io.EOF):
	case r.stalled.Load():
		err = errStalled
	default:
		err = silent(err)
	}
	if r.waited >= r.pace.Window {
		if err == nil && r.got < int64(r.pace.Window.Seconds()*float64(r.pace.Rate)) {
			err = errDrips
		}
		r.waited, r.got = 0, 0
	}
	return n, err
}

func (r *response) close() {
	r.alarm.Stop()
	r.cancel()
	_ = r.body.Close() // what is left of it is not wanted
}

// silent takes out of an error of net/http what may be an address.
func silent(err error) error {
	var rejected *video.VideoRejected
	if errors.As(err, &rejected) {
		return rejected
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	if said, _, quotes := strings.Cut(err.Error(), `"`); quotes {
		return errors.New(said + "…")
	}
	return err
}
