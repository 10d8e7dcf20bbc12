package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/takeup/takeup/internal/transfer/fetch"
)

const (
	// maxSlowResponses limits the slow responses for a range.
	maxSlowResponses = 3
	// rateInterval is the interval at which a rangeReader measures its own rate.
	rateInterval = 250 * time.Millisecond
)

// rangeReader reads a range of a file. It repeats a request that breaks off or stalls from the
// byte that it reached. As the body of an S3 request, it is an io.ReadSeeker with a length: the
// S3 client seeks to the beginning to send the same bytes again.
type rangeReader struct {
	ctx      context.Context
	file     *sourceFile
	from, to int64 // the range is [from, to)
	offset   int64 // all bytes before it were fetched

	ahead    []byte          // bytes before offset that were not returned yet
	response *fetch.Response // the current response, if any
	err      error           // set once it has failed for good

	failures int   // consecutive failures
	received int64 // bytes since the last failure
	slow     int   // slow responses

	timeout    time.Duration // for the rest of the range; 0 means none
	measuredAt time.Time     // time of the last measurement of the rate
	measured   int64         // offset at that time
}

// close ends the current request.
func (r *rangeReader) close() {
	if r.response != nil {
		r.response.Close()
		r.response = nil
	}
}

// Len returns how many bytes are left to read.
func (r *rangeReader) Len() int { return int(r.to-r.offset) + len(r.ahead) }

// Seek implements io.Seeker, for the beginning of the range and the current position.
func (r *rangeReader) Seek(offset int64, whence int) (int64, error) {
	at := r.offset - int64(len(r.ahead)) - r.from
	switch {
	case whence == io.SeekCurrent && offset == 0, whence == io.SeekStart && offset == at:
		return at, nil
	case r.err != nil:
		return 0, r.err
	case whence != io.SeekStart || offset != 0:
		return 0, errors.New("a range can be read from its beginning only")
	}
	r.close()
	r.offset, r.ahead = r.from, nil
	if !r.file.resumable() {
		r.file.boxes.Reset() // another request may return other bytes
	}
	return 0, nil
}

// Read implements io.Reader. If the range is the whole file, it returns the last bytes only if
// the file is a whole MP4.
func (r *rangeReader) Read(p []byte) (int, error) {
	if len(r.ahead) > 0 {
		n := copy(p, r.ahead)
		r.ahead = r.ahead[n:]
		return n, nil
	}
	for r.err == nil && r.offset < r.to {
		n, err := r.fetch(p)
		if err != nil {
			r.close()
			r.err = err
		}
		if n > 0 {
			return n, nil
		}
	}
	if r.err != nil {
		return 0, r.err
	}
	return 0, io.EOF
}

// fetch reads from the response once, after making a request if there is none. It may read
// nothing.
func (r *rangeReader) fetch(p []byte) (int, error) {
	if r.response == nil {
		response, err := r.open()
		switch {
		case errors.As(err, new(*restart)):
			return 0, err
		case err != nil:
			return 0, r.file.fetcher.Retry(r.ctx, err, r.failed(), false)
		}
		r.response = response
	}
	n, err := r.response.Read(p[:min(int64(len(p)), r.to-r.offset)])
	if n > 0 {
		if err := r.file.feed(r.offset, p[:n]); err != nil {
			return 0, err
		}
		r.offset, r.received = r.offset+int64(n), r.received+int64(n)
		if r.offset == r.to {
			if err := r.finish(); err != nil {
				return 0, err
			}
			return n, nil
		}
		if err := r.checkRate(); err != nil {
			return 0, err
		}
	}
	if err == nil {
		return n, nil
	}
	return n, r.resume(err)
}

// finish ends the last request. If the file is not whole, its last bytes are not returned.
func (r *rangeReader) finish() error {
	r.close()
	if r.from == 0 && r.to == r.file.length {
		return rejection(r.file.complete(r.file.length))
	}
	return nil
}

// resume closes a response that returned an error, and waits before the next request. It returns
// an error if another request can't help.
func (r *rangeReader) resume(err error) error {
	ended := errors.Is(err, io.EOF) && r.response.To == r.offset
	if errors.Is(err, fetch.ErrSlow) {
		r.slow++
	}
	r.close()
	switch {
	case ended: // the whole response was read, and the range has been extended since
		return nil
	case errors.Is(err, io.EOF):
		err = io.ErrUnexpectedEOF
	}
	err = brokeOff(r.offset, err)
	switch {
	case !r.file.resumable():
		return &restart{err: err}
	case r.slow > maxSlowResponses:
		return err
	}
	progressed := r.received >= r.file.sizes.progress
	return r.file.fetcher.Retry(r.ctx, err, r.failed(), progressed)
}

func brokeOff(at int64, err error) error {
	return fmt.Errorf("reading the file: it broke off after %d bytes: %w", at, err)
}

// failed counts a failure, and returns the number of consecutive failures before it.
func (r *rangeReader) failed() int {
	if r.received >= r.file.sizes.progress {
		r.failures = 0
	}
	r.failures, r.received = r.failures+1, 0
	return r.failures - 1
}

// open requests the rest of the range.
func (r *rangeReader) open() (*fetch.Response, error) {
	f := r.file
	if !f.resumable() {
		return r.reopen()
	}
	response, err := f.fetcher.Get(r.ctx, f.urls, r.offset, r.to, f.etag)
	switch {
	case errors.Is(err, fetch.ErrNoRange):
		return nil, errNotResumed()
	case err != nil:
		return nil, err
	case response.Ranged && response.ETag == f.etag && response.Length == f.length:
		return response, nil
	}
	response.Close()
	if response.ETag == f.etag && response.Length == f.length {
		return nil, errNotResumed()
	}
	return nil, errChanged()
}

// reopen requests the whole of a file that can't be resumed.
func (r *rangeReader) reopen() (*fetch.Response, error) {
	response, err := r.file.fetcher.Get(r.ctx, r.file.urls, 0, 0, "")
	if err != nil {
		return nil, err
	}
	if response.Length != r.file.length {
		response.Close()
		return nil, errChanged()
	}
	return response, nil
}

// measure reads the first bytes ahead, and reports whether one request is fast enough for the
// whole file.
func (r *rangeReader) measure(size int) (fast bool, err error) {
	ahead := make([]byte, size)
	began := time.Now()
	n, err := io.ReadFull(r, ahead)
	if err != nil {
		return false, err
	}
	r.ahead = ahead[:n]
	timeouts := r.file.timeouts
	return timeouts.fast(int64(n), time.Since(began), r.file.length, timeouts.SingleRequest), nil
}

// checkRate returns errTooSlow if the rest of the range would take longer than the timeout. It
// measures the time of the whole copy, including S3's part. Beyond the length of the largest
// part it doesn't check, since too much would be fetched again.
func (r *rangeReader) checkRate() error {
	if r.timeout == 0 || r.offset > r.file.sizes.maxPart {
		return nil
	}
	now := time.Now()
	if r.measuredAt.IsZero() {
		r.measuredAt, r.measured = now, r.offset
	}
	took := now.Sub(r.measuredAt)
	if took < rateInterval {
		return nil
	}
	fast := r.file.timeouts.fast(r.offset-r.measured, took, r.to-r.offset, r.timeout)
	r.measuredAt, r.measured = now, r.offset
	if !fast {
		return errTooSlow()
	}
	return nil
}

// fast reports whether the rest comes within a timeout at the rate so far, or whether that rate
// is at least FullRate.
func (t Timeouts) fast(received int64, in time.Duration, rest int64, timeout time.Duration) bool {
	rate := float64(received) / in.Seconds()
	return rate >= float64(t.FullRate) || float64(rest)/rate <= timeout.Seconds()
}
