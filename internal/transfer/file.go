package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/aws/smithy-go"

	"github.com/takeup/takeup/internal/video"
)

// file is one version of the source's file, which is being copied.
type file struct {
	*Copier
	link *link
	key  string

	length int64  // -1: not known
	etag   string // a strong one; empty where it can't be resumed

	lookUps int // how many boxes were looked up

	mu    sync.Mutex
	boxes boxes
}

// resumable reports whether any of its bytes can be asked for again.
func (f *file) resumable() bool { return f.etag != "" }

// see walks bytes of the file, which may come in any order and more than once.
func (f *file) see(at int64, p []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.boxes.see(at, p); err != nil {
		return &video.VideoRejected{Reason: err.Error()}
	}
	return nil
}

// whole says why the bytes that were seen are no whole mp4 of a length, or nil.
func (f *file) whole(length int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.boxes.end(length); err != nil {
		return &video.VideoRejected{Reason: err.Error()}
	}
	return nil
}

// copied describes what was stored.
func (f *file) copied(length int64, crc uint32) video.Copied {
	f.mu.Lock()
	defer f.mu.Unlock()
	return video.Copied{
		Bytes: length, CRC32: video.CRC32(crc),
		Length: f.boxes.duration(), Width: f.boxes.width, Height: f.boxes.height,
	}
}

// way is how a file is fetched.
type way int

const (
	byRanges               way = iota // by one request, or by many where that is slow
	byManyRanges                      // by many, since one was slow
	byOneRangeAfterAnother            // so that its boxes come in order
	byOneRequest                      // without ranges
)

var (
	// errSlow says that a file is fetched by one request and takes too long.
	errSlow = errors.New("the file comes too slowly by one request")
	// errDense says that a file has too many boxes to look them up one by one.
	errDense = errors.New("the file has too many boxes to be fetched out of order")
)

// restart is an error that can only be mended from the beginning.
type restart struct {
	error
	changed bool // the file is not the one that was begun with
}

func (e *restart) Unwrap() error { return e.error }

func changed() error {
	return &restart{errors.New("the file changed while it was copied"), true}
}

func unresumed() error {
	return &restart{errors.New("the file can't be had from the byte that was reached"), true}
}

// taken reports whether S3 refused a write because another was there first, or
// because another ended the upload.
func taken(err error) bool {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return false
	}
	switch api.ErrorCode() {
	case "PreconditionFailed", "ConditionalRequestConflict", "NoSuchUpload":
		return true
	}
	return false
}

// try copies the file once. Where S3 had another's object, what it gives
// describes the file all the same.
func (c *Copier) try(ctx context.Context, from *link, key string, by way) (video.Copied, error) {
	f := &file{Copier: c, link: from, key: key}
	r, err := f.begin(ctx, by)
	if err != nil {
		return video.Copied{}, err
	}
	defer r.close()
	f.length = r.length
	switch {
	case r.length > c.config.MaxBytes:
		return video.Copied{}, tooLarge(c.config.MaxBytes)
	case r.length == 0:
		return video.Copied{}, &video.VideoRejected{Reason: "it is empty"}
	case r.length < 0:
		return f.stream(ctx, r)
	}
	f.boxes.length = r.length
	if r.ranged {
		f.etag = r.etag
	}
	s := f.stretch(ctx, 0, f.length)
	s.give(r)
	defer s.stop()
	switch {
	case !f.resumable() && f.length <= maxPut, f.length < 2*c.shape.least:
		return f.put(ctx, s)
	case !f.resumable():
		return f.stream(ctx, r)
	case by == byOneRangeAfterAnother:
		return f.byParts(ctx, s, 1)
	case by == byManyRanges || f.length > maxPut:
		return f.byParts(ctx, s, c.shape.streams)
	}
	s.to = c.shape.least // there is a request for so much
	fast, err := s.sample(c.shape.sample, c.config.Pace)
	if err != nil {
		return video.Copied{}, err
	}
	if fast {
		s.to, s.patience = f.length, 2*c.config.Pace.Patience
		return f.put(ctx, s)
	}
	return f.byParts(ctx, s, c.shape.streams)
}

// begin makes the first request, which tells what the file is: for as much as a
// part has, so that all of it is read whatever follows.
func (f *file) begin(ctx context.Context, by way) (*response, error) {
	to := f.shape.least
	if by == byOneRequest {
		to = 0
	}
	for tries := 0; ; tries++ {
		r, err := f.ask(ctx, f.link, 0, to, "")
		switch {
		case err == nil && r.ranged && r.etag == "" && r.length > r.to:
			r.close()
			to = 0
		case err == nil:
			return r, nil
		case errors.Is(err, errNoRange):
			to = 0
		default:
			if err := f.again(ctx, err, tries, false); err != nil {
				return nil, err
			}
		}
	}
}

func tooLarge(limit int64) error {
	return &video.VideoRejected{Reason: fmt.Sprintf("it is over %d bytes", limit)}
}

// missing reads the boxes that the parts had passed before it was known where
// they are.
func (f *file) missing(ctx context.Context) error {
	for last := int64(-1); ; {
		f.mu.Lock()
		at, more := f.boxes.missing()
		f.mu.Unlock()
		switch {
		case !more, at == last: // there, or cut off by the file's end
			return nil
		case f.lookUps == f.shape.dense:
			return errDense
		}
		last, f.lookUps = at, f.lookUps+1
		s := f.stretch(ctx, at, min(at+f.shape.lookUp, f.length))
		_, err := io.Copy(io.Discard, s)
		s.stop()
		if err != nil {
			return err
		}
	}
}
