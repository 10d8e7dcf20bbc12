package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/takeup/takeup/internal/video"
)

// stream stores a file that can't be resumed, and whose length isn't known or is
// more than one PUT takes: part by part, from a buffer that S3's client can send
// again.
func (f *file) stream(ctx context.Context, r *response) (video.Copied, error) {
	buffer := make([]byte, f.shape.least)
	n, last, err := f.fill(buffer, 0, r)
	if err != nil {
		return video.Copied{}, err
	}
	if last {
		crc, err := f.putBody(ctx, bytes.NewReader(buffer[:n]), int64(n))
		return f.copied(int64(n), crc), err
	}
	u, err := f.newUpload(ctx, 0)
	if err != nil {
		return video.Copied{}, err
	}
	for read := int64(n); n > 0 && err == nil; read += int64(n) {
		u.parts = append(u.parts, part{})
		if err = u.part(ctx, len(u.parts), bytes.NewReader(buffer[:n]), int64(n)); err != nil || last {
			break
		}
		n, last, err = f.fill(buffer, read, r)
	}
	return u.end(ctx, err)
}

// fill reads a part, and says whether it is the last. The last one is given only
// when the file has turned out to be whole.
func (f *file) fill(part []byte, at int64, r *response) (int, bool, error) {
	n, err := 0, error(nil)
	for n < len(part) && err == nil {
		var m int
		m, err = r.Read(part[n:])
		n += m
	}
	length := at + int64(n)
	if length > f.config.MaxBytes {
		return 0, false, tooLarge(f.config.MaxBytes)
	}
	if seen := f.see(at, part[:n]); seen != nil {
		return 0, false, seen
	}
	if err == nil {
		return n, false, nil
	}
	if errors.Is(err, io.EOF) {
		if err = f.whole(length); err == nil && !r.framed && f.boxes.endless {
			err = errors.New("its end can't be told from a connection that broke")
		}
		if err == nil && f.length >= 0 && f.length != length {
			err = io.ErrUnexpectedEOF
		}
		if err == nil {
			return n, true, nil
		}
		// A body that is cut looks like this where its length isn't known;
		// another try may be whole.
		err = errors.New(reason(err))
	}
	return 0, false, &restart{error: fmt.Errorf("reading the file: it broke off after %d bytes: %w", length, err)}
}

// reason is why a file is rejected.
func reason(err error) string {
	var rejected *video.VideoRejected
	if errors.As(err, &rejected) {
		return rejected.Reason
	}
	return err.Error()
}
