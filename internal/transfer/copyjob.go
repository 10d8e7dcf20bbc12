package transfer

import (
	"context"
	"errors"
	"fmt"

	"github.com/takeup/takeup/internal/transfer/fetch"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/wait"
)

// copyJob is one call of Copy.
type copyJob struct {
	fetcher  *fetch.Client
	urls     *fetch.URLs
	object   *object
	maxBytes int64
	timeouts Timeouts
	sizes    sizes
}

// strategy is a way to fetch a file.
type strategy int

const (
	// adaptive stores the file by a single PUT, or in parts if one request is too slow.
	adaptive strategy = iota
	// parallel stores it in parts that are fetched concurrently.
	parallel
	// sequential stores it in parts that are fetched one after another, so that its boxes come
	// in order.
	sequential
	// unranged fetches it with one request without a range.
	unranged
)

// restart is an error after which a copy must start from the beginning.
type restart struct {
	err     error
	changed bool     // the file differs from that at the beginning
	next    strategy // unless adaptive, the strategy to continue with at once
}

func (e *restart) Error() string { return e.err.Error() }

func (e *restart) Unwrap() error { return e.err }

func errChanged() error {
	return &restart{err: errors.New("the file changed while it was copied"), changed: true}
}

func errNotResumed() error {
	return &restart{err: errors.New("the source does not resume the file where it broke off")}
}

func errTooSlow() error {
	return &restart{err: errors.New("one request is too slow for the file"), next: parallel}
}

func errTooManyBoxes() error {
	return &restart{err: errors.New("the file has too many boxes to fetch it out of order"), next: sequential}
}

// run copies the file, and restarts for as long as that may help.
func (j *copyJob) run(ctx context.Context) (copied video.Copied, err error) {
	how, changes := adaptive, 0
	for range maxAttempts {
		existing, found, lookErr := j.object.existing(ctx, copied)
		if lookErr != nil || found {
			return existing, lookErr
		}
		copied, err = j.attempt(ctx, how)
		var again *restart
		switch {
		case errors.As(err, &again) && again.next != adaptive:
			how = again.next
			continue
		case errors.As(err, &again):
			if again.changed {
				changes++
			}
			if changes == 2 {
				how = unranged // the file changes too often to be resumed
			}
		case err == nil || errors.As(err, new(*video.VideoRejected)):
			return copied, err
		case !lostToAnother(err):
			// S3 may have cut the connection because it refused the write, or its response was
			// lost.
			if existing, found, lookErr := j.object.existing(ctx, copied); lookErr == nil && found {
				return existing, nil
			}
			return copied, err
		}
		if err := wait.For(ctx, j.timeouts.RetryDelay); err != nil {
			return video.Copied{}, err
		}
	}
	return video.Copied{}, err
}

// attempt copies the file once. If S3 refused the write because the key already has an object,
// the result still describes the source's file.
func (j *copyJob) attempt(ctx context.Context, how strategy) (video.Copied, error) {
	first, err := j.begin(ctx, how)
	if err != nil {
		return video.Copied{}, err
	}
	defer first.Close()
	switch {
	case first.Length > j.maxBytes:
		return video.Copied{}, tooLarge(j.maxBytes)
	case first.Length == 0:
		return video.Copied{}, &video.VideoRejected{Reason: "it is empty"}
	}
	file := newSourceFile(j, first)
	switch {
	case first.Length < 0, !file.resumable() && file.length > maxPutSize:
		return j.putStream(ctx, file, first)
	}
	reader := file.reader(ctx, 0, file.length)
	reader.response = first
	defer reader.close()
	switch {
	case !file.resumable(), file.length < 2*j.sizes.minPart:
		return j.putSingle(ctx, file, reader)
	case how == sequential:
		return j.putParts(ctx, file, reader, 1)
	case how == parallel, file.length > maxPutSize:
		return j.putParts(ctx, file, reader, j.sizes.streams)
	}
	reader.to = j.sizes.minPart // the first request's range
	fast, err := reader.measure(j.sizes.sample)
	if err != nil {
		return video.Copied{}, err
	}
	if !fast {
		return j.putParts(ctx, file, reader, j.sizes.streams)
	}
	reader.to, reader.timeout = file.length, 2*j.timeouts.SingleRequest
	return j.putSingle(ctx, file, reader)
}

// begin makes the first request, whose response describes the file. It requests as many bytes as
// the first part has: every strategy reads them.
func (j *copyJob) begin(ctx context.Context, how strategy) (*fetch.Response, error) {
	to := j.sizes.minPart
	if how == unranged {
		to = 0
	}
	for tries := 0; ; tries++ {
		r, err := j.fetcher.Get(ctx, j.urls, 0, to, "")
		switch {
		case err == nil && r.Ranged && r.ETag == "" && r.Length > r.To:
			r.Close() // without an ETag, a later request can't resume the file
			to = 0
		case err == nil:
			return r, nil
		case errors.Is(err, fetch.ErrNoRange):
			to = 0
		default:
			if err := j.fetcher.Retry(ctx, err, tries, false); err != nil {
				return nil, err
			}
		}
	}
}

// putSingle stores the whole file by a single PUT.
func (j *copyJob) putSingle(ctx context.Context, file *sourceFile, reader *rangeReader) (video.Copied, error) {
	crc, err := j.object.put(ctx, reader, file.length)
	if reader.err != nil {
		err = reader.err // the S3 client may not wrap it
	}
	return file.describe(file.length, crc), err
}

func tooLarge(limit int64) error {
	return &video.VideoRejected{Reason: fmt.Sprintf("it is over %d bytes", limit)}
}
