package transfer

import (
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
	digest hash.Hash
	boxes  boxes
	read   int64
}

// next reads a part, and says whether it is the last. The last one is given only
// when the file has turned out to be whole.
func (f *file) next(part []byte) (int, bool, error) {
	n, err := io.ReadFull(f.body, part)
	last := err == io.EOF || err == io.ErrUnexpectedEOF && (f.length < 0 || f.read+int64(n) == f.length)
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
