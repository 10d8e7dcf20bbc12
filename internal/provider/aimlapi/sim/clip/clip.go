// Package clip makes the videos of the simulator: mp4 files of any length, shape and size that are never in memory as a
// whole.
package clip

import (
	"embed"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"strconv"
	"strings"
)

//go:embed assets/*.mp4
var assets embed.FS

// Clip is the mp4 file of one generation: a real h264 stream, then one free box (ISO/IEC 14496-12, 8.1.2) with the
// generation's ID, so that no two generations have the same bytes, and padding up to the requested size. The padding is
// generated on read; every eight bytes of it differ, so that a misplaced part shows.
type Clip struct {
	head []byte
	seed uint64
	size int64
}

// New returns the video of the given length (3 to 15 s) and aspect ratio (16:9, 9:16, 1:1). A size in bytes that is
// too small for the stream and the ID gives the smallest possible file.
func New(id string, seconds int, aspect string, size int64) (*Clip, error) {
	name := fmt.Sprintf("assets/%ds-%s.mp4", seconds, strings.ReplaceAll(aspect, ":", "x"))
	stream, err := assets.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("simulator: no video of %d s in %s: %w", seconds, aspect, err)
	}
	box := max(size-int64(len(stream)), int64(8+len(id)))
	head := append([]byte(nil), stream...)
	if box <= math.MaxUint32 {
		head = binary.BigEndian.AppendUint32(head, uint32(box))
		head = append(head, "free"...)
	} else {
		head = binary.BigEndian.AppendUint32(head, 1)
		head = append(head, "free"...)
		head = binary.BigEndian.AppendUint64(head, uint64(box))
	}
	hash := fnv.New64a()
	if _, err := io.WriteString(hash, id); err != nil {
		return nil, err
	}
	return &Clip{head: append(head, id...), seed: hash.Sum64(), size: int64(len(stream)) + box}, nil
}

// Nearest returns the length and the aspect ratio nearest to those of a request that there is a video of. What isn't a ratio
// is wide.
func Nearest(seconds int, aspect string) (int, string) {
	return min(max(seconds, 3), 15), shape(aspect)
}

func shape(aspect string) string {
	width, height, _ := strings.Cut(aspect, ":")
	w, wrong := strconv.ParseFloat(width, 64)
	h, also := strconv.ParseFloat(height, 64)
	switch {
	case wrong != nil || also != nil || w > 1.2*h:
		return "16:9"
	case h > 1.2*w:
		return "9:16"
	}
	return "1:1"
}

// Size returns the file's length in bytes.
func (c *Clip) Size() int64 { return c.size }

// Open returns a reader of the file. Each reader has its own position.
func (c *Clip) Open() io.ReadSeeker { return io.NewSectionReader(c, 0, c.size) }

// ReadAt implements io.ReaderAt.
func (c *Clip) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, fmt.Errorf("simulator: read at %d: before the video's beginning", off)
	}
	if off >= c.size {
		return 0, io.EOF
	}
	want := len(p)
	p = p[:min(int64(want), c.size-off)]
	n := 0
	if off < int64(len(c.head)) {
		n = copy(p, c.head[off:])
	}
	c.pad(p[n:], off+int64(n))
	if len(p) < want {
		return len(p), io.EOF
	}
	return len(p), nil
}

func (c *Clip) pad(p []byte, off int64) {
	var word [8]byte
	for len(p) > 0 {
		index, skip := uint64(off)/8, int(off%8)
		if skip == 0 && len(p) >= 8 {
			binary.LittleEndian.PutUint64(p, mix(c.seed+index))
			p, off = p[8:], off+8
			continue
		}
		binary.LittleEndian.PutUint64(word[:], mix(c.seed+index))
		n := copy(p, word[skip:])
		p, off = p[n:], off+int64(n)
	}
}

// mix is the finalizer of splitmix64: it maps adjacent numbers far apart.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
