package source

import (
	"bytes"
	"fmt"
	"io"

	"github.com/takeup/takeup/internal/provider/aimlapi/sim/clip"
)

// Video is an mp4 of a size, generated while it is read. The same name and size have the same
// bytes. No two parts of it are the same.
type Video struct {
	*clip.Clip
	etag string
}

// NewVideo returns a Video of a size in bytes.
func NewVideo(name string, size int64) (*Video, error) {
	v, err := clip.New(name, 5, "16:9", size)
	if err != nil {
		return nil, err
	}
	return &Video{Clip: v, etag: fmt.Sprintf(`"%s-%d"`, name, size)}, nil
}

// Same reports whether a body is exactly the video. The error is one of reading the body.
func (v *Video) Same(body io.Reader) (bool, error) {
	got, want := make([]byte, 256<<10), make([]byte, 256<<10)
	for at := int64(0); ; {
		n, err := io.ReadFull(body, got)
		if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			return false, err
		}
		m, _ := v.ReadAt(want[:n], at) // shorter if the body is longer than the video
		if m != n || !bytes.Equal(got[:n], want[:n]) {
			return false, nil
		}
		at += int64(n)
		if err != nil {
			return at == v.Size(), nil
		}
	}
}
