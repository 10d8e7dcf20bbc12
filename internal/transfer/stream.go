package transfer

import (
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/takeup/takeup/internal/transfer/fetch"
	"github.com/takeup/takeup/internal/video"
)

// putStream stores a file that can't be resumed and is too large for one PUT or of unknown
// length. It stores it part by part, from a buffer that the S3 client can send again.
func (j *copyJob) putStream(ctx context.Context, file *sourceFile, r *fetch.Response) (video.Copied, error) {
	buffer := make([]byte, j.sizes.minPart)
	n, last, err := j.fill(file, buffer, 0, r)
	if err != nil {
		return video.Copied{}, err
	}
	if last {
		crc, err := j.object.put(ctx, bytes.NewReader(buffer[:n]), int64(n))
		return file.describe(int64(n), crc), err
	}
	u, err := j.object.newUpload(ctx, file, 0)
	if err != nil {
		return video.Copied{}, err
	}
	for read := int64(n); n > 0 && err == nil; read += int64(n) {
		u.parts = append(u.parts, part{})
		if err = u.put(ctx, len(u.parts), bytes.NewReader(buffer[:n]), int64(n)); err != nil || last {
			break
		}
		n, last, err = j.fill(file, buffer, read, r)
	}
	return u.end(ctx, err)
}

// fill reads the part at an offset, and reports whether it is the last. It returns the last part
// only if the file is a whole MP4.
func (j *copyJob) fill(file *sourceFile, part []byte, offset int64, r *fetch.Response) (n int, last bool, err error) {
	for n < len(part) && err == nil {
		var m int
		m, err = r.Read(part[n:])
		n += m
	}
	length := offset + int64(n)
	if length > j.maxBytes {
		return 0, false, tooLarge(j.maxBytes)
	}
	if err := file.feed(offset, part[:n]); err != nil {
		return 0, false, err
	}
	switch {
	case err == nil:
		return n, false, nil
	case errors.Is(err, io.EOF):
		if err = file.ended(length, r.Delimited); err == nil {
			return n, true, nil
		}
	}
	return 0, false, &restart{err: brokeOff(length, err)}
}

// ended checks that a body that ended is the whole file. If its length is unknown, a body that
// was cut may look like a file that is not whole. So the error is never a rejection: another
// attempt may succeed.
func (f *sourceFile) ended(length int64, delimited bool) error {
	switch err := f.complete(length); {
	case err != nil:
		return err
	case !delimited && f.boxes.OpenEnded():
		return errors.New("its end can't be distinguished from a broken connection")
	case f.length >= 0 && f.length != length:
		return io.ErrUnexpectedEOF
	}
	return nil
}
