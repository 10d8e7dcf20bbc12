package transfer

import (
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/takeup/takeup/internal/video"
)

// file is a body that is read part by part, and verified on its way.
type file struct {
	body   io.Reader
	length int64 // that the source said; -1 where it didn't
	limit  int64
	digest hash.Hash32
	boxes  boxes
	read   int64
}

// next reads a part, and says whether it is the last. The last one is given only
// when the file has turned out to be whole.
func (f *file) next(part []byte) (int, bool, error) {
	n, err := fill(part, f.body)
	last := errors.Is(err, io.EOF)
	if err != nil && !last {
		return 0, false, fmt.Errorf("reading the file: it broke off after %d bytes: %w", f.read+int64(n), err)
	}
	f.read += int64(n)
	if f.read > f.limit {
		return 0, false, tooLarge(f.limit)
	}
	f.digest.Write(part[:n])
	if _, err := f.boxes.Write(part[:n]); err != nil {
		return 0, false, &video.VideoRejected{Reason: err.Error()}
	}
	if !last {
		return n, false, nil
	}
	if f.length >= 0 && f.read != f.length {
		return 0, false, fmt.Errorf("reading the file: it has %d bytes instead of %d", f.read, f.length)
	}
	if err := f.boxes.end(); err != nil {
		if f.length >= 0 {
			return 0, false, &video.VideoRejected{Reason: err.Error()}
		}
		// A cut body without a length looks like this; another try may be whole.
		return 0, false, fmt.Errorf("reading the file: %w", err)
	}
	return n, true, nil
}

// fill reads until the part is full, the body ends (io.EOF) or it breaks off.
// io.ReadFull would give io.ErrUnexpectedEOF for both, as net/http does for a
// body that is cut.
func fill(part []byte, body io.Reader) (int, error) {
	n := 0
	for n < len(part) {
		m, err := body.Read(part[n:])
		n += m
		if err != nil {
			return n, err
		}
	}
	return n, nil
}
