package transfer

import (
	"context"
	"io"

	"github.com/takeup/takeup/internal/transfer/fetch"
	"github.com/takeup/takeup/internal/transfer/mp4"
	"github.com/takeup/takeup/internal/video"
)

// sourceFile is one version of the source's file.
type sourceFile struct {
	fetcher  *fetch.Client
	urls     *fetch.URLs
	timeouts Timeouts
	sizes    sizes
	length   int64       // -1 if unknown
	etag     string      // a strong ETag, or "" if the file can't be resumed
	boxes    *mp4.Walker // of the bytes fetched so far
}

// newSourceFile returns the file of a first response.
func newSourceFile(j *copyJob, first *fetch.Response) *sourceFile {
	f := &sourceFile{
		fetcher: j.fetcher, urls: j.urls, timeouts: j.timeouts, sizes: j.sizes,
		length: first.Length, boxes: mp4.NewWalker(max(0, first.Length)),
	}
	if first.Ranged {
		f.etag = first.ETag
	}
	return f
}

// resumable reports whether any range of the file can be requested again.
func (f *sourceFile) resumable() bool { return f.etag != "" }

// feed checks bytes of the file. They may come in any order and more than once.
func (f *sourceFile) feed(offset int64, p []byte) error { return rejection(f.boxes.Feed(offset, p)) }

// complete checks that the bytes that were fed are a whole MP4 of that length. The error is an
// mp4.FormatError.
func (f *sourceFile) complete(length int64) error { return f.boxes.Complete(length) }

// rejection returns a *video.VideoRejected for an mp4.FormatError, and nil for nil.
func rejection(err error) error {
	if err == nil {
		return nil
	}
	return &video.VideoRejected{Reason: err.Error()}
}

// describe describes the object that was stored from the file.
func (f *sourceFile) describe(length int64, crc uint32) video.Copied {
	return describe(f.boxes.Info(), length, crc)
}

func describe(info mp4.Info, length int64, crc uint32) video.Copied {
	return video.Copied{
		Bytes: length, CRC32: video.CRC32(crc),
		Duration: info.Duration, Width: info.Width, Height: info.Height,
	}
}

// reader returns a reader of a range of the file.
func (f *sourceFile) reader(ctx context.Context, from, to int64) *rangeReader {
	return &rangeReader{ctx: ctx, file: f, from: from, to: to, offset: from}
}

// fetchMissing fetches the box headers that went by before their offsets were known: parts come
// out of order.
func (f *sourceFile) fetchMissing(ctx context.Context) error {
	last := int64(-1)
	for lookUps := 0; ; lookUps++ {
		offset, ok := f.boxes.Missing()
		switch {
		case !ok, offset == last: // all are read, or the file's end cuts one off
			return nil
		case lookUps == f.sizes.maxLookUps:
			return errTooManyBoxes()
		}
		last = offset
		r := f.reader(ctx, offset, min(offset+f.sizes.lookUp, f.length))
		_, err := io.Copy(io.Discard, r)
		r.close()
		if err != nil {
			return err
		}
	}
}
