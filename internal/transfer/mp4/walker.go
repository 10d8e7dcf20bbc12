// Package mp4 checks that a file is a whole MP4, and reads its duration and dimensions, as its
// bytes pass through. It stores none of them.
package mp4

import (
	"encoding/binary"
	"fmt"
	"sync"
	"time"
)

// maxBoxes bounds the work that a file can cause. Real files have far fewer boxes.
const maxBoxes = 1 << 20

const (
	headerSize     = 8  // a box's size and type
	longHeaderSize = 16 // the same with a 64-bit size
	// contentSize is how much of a box's content is read. A tkhd box of version 1 is that long.
	contentSize = 96
)

// FormatError says why a file is not a whole MP4.
type FormatError string

func (e FormatError) Error() string { return string(e) }

// errTruncated means that a box extends beyond the end of the file.
const errTruncated = FormatError("it is cut: its last box is not whole")

// Info describes the video in a file. A field is zero if the file doesn't specify it.
type Info struct {
	Duration      time.Duration // to the millisecond
	Width, Height int           // in pixels
}

// Walker walks the boxes of a file. It knows the offset that it reads next, so the bytes may be
// fed in any order: Missing returns what it could not read yet. It is safe for concurrent use.
//
// A box has a size (4 bytes), a type (4 bytes), and if the size is 1, a larger size (8 bytes). A
// size of 0 means that the box extends to the end of the file (ISO/IEC 14496-12, 4.2). Boxes at
// the top level must be whole. Inside moov, the Walker reads mvhd for the duration and tkhd for
// the dimensions, and ignores what it can't read.
type Walker struct {
	mu     sync.Mutex
	length int64 // of the file, or 0 if unknown

	// The Walker reads a header, or the beginning of a box's content, at offset.
	offset  int64
	read    []byte // the bytes read there, until there are enough
	content string // type of the box whose content is read, or "" for a header
	end     int64  // end of that box

	parents   []int64 // ends of the boxes around offset, outermost first
	boxes     int
	openEnded bool // whether the last box extends to the end of the file
	moov      bool // whether there is a moov box
	mdat      bool

	timescale     uint32 // units per second
	duration      uint64 // in units
	width, height int
}

// NewWalker returns a Walker for a file of that length, or of unknown length if it is 0.
func NewWalker(length int64) *Walker { return &Walker{length: length} }

// Reset forgets all bytes that were fed. The file keeps its length.
func (w *Walker) Reset() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.offset, w.read, w.content, w.end = 0, nil, "", 0
	w.parents, w.boxes, w.openEnded, w.moov, w.mdat = nil, 0, false, false, false
	w.timescale, w.duration, w.width, w.height = 0, 0, 0, 0
}

// Feed reads the bytes at an offset of the file. Bytes may be fed more than once. The error is a
// FormatError.
func (w *Walker) Feed(offset int64, p []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for !w.done() {
		from := w.offset + int64(len(w.read)) - offset
		if from < 0 || from >= int64(len(p)) {
			return nil
		}
		missing := w.wanted() - len(w.read)
		w.read = append(w.read, p[from:min(from+int64(missing), int64(len(p)))]...)
		if len(w.read) < w.wanted() {
			continue // the header turned out to be long, or p is used up
		}
		if err := w.advance(); err != nil {
			return err
		}
	}
	return nil
}

// Missing returns the offset of the bytes to feed next, for a file of known length, or false
// when all boxes have been read. Bytes that were fed from there on are forgotten.
func (w *Walker) Missing() (offset int64, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.read = w.read[:0]
	return w.offset, !w.done() && w.offset < w.length
}

// Complete checks that the bytes that were fed are a whole file of that length. The error is a
// FormatError.
func (w *Walker) Complete(length int64) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case length == 0:
		return FormatError("it is empty")
	case w.offset == 0:
		return errTruncated
	case !w.openEnded && (w.offset != length || len(w.read) > 0 || len(w.parents) > 0):
		return errTruncated
	case !w.moov || !w.mdat:
		return FormatError("it is not a whole mp4: it has no moov or no mdat box")
	}
	return nil
}

// OpenEnded reports whether the last box extends to the end of the file, wherever that is. A
// file of that kind can be cut without a sign of it.
func (w *Walker) OpenEnded() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.openEnded
}

// Info returns what was read about the video.
func (w *Walker) Info() Info {
	w.mu.Lock()
	defer w.mu.Unlock()
	info := Info{Width: w.width, Height: w.height}
	if w.timescale == 0 {
		return info
	}
	if seconds := float64(w.duration) / float64(w.timescale); seconds <= (1<<62)/float64(time.Second) {
		info.Duration = time.Duration(seconds * float64(time.Second)).Round(time.Millisecond)
	}
	return info
}

// done reports whether all boxes have been read.
func (w *Walker) done() bool {
	return len(w.parents) == 0 && (w.openEnded || w.length > 0 && w.offset >= w.length)
}

// wanted returns how many bytes to read at offset.
func (w *Walker) wanted() int {
	switch {
	case w.content != "":
		return int(min(w.end-w.offset, contentSize))
	case len(w.read) < headerSize || binary.BigEndian.Uint32(w.read) != 1:
		return headerSize
	case len(w.parents) > 0 && w.parents[len(w.parents)-1]-w.offset < longHeaderSize:
		return headerSize // there is no room for a long header
	}
	return longHeaderSize
}

// advance evaluates the header or the content that was read, and moves to the next.
func (w *Walker) advance() error {
	if w.content != "" {
		w.describe(w.content, w.read)
		w.header(w.end)
		return nil
	}
	if w.boxes++; w.boxes > maxBoxes {
		return FormatError(fmt.Sprintf("it is not an mp4: it has over %d boxes", maxBoxes))
	}
	size, kind, header := uint64(binary.BigEndian.Uint32(w.read)), string(w.read[4:8]), int64(headerSize)
	if len(w.read) == longHeaderSize {
		size, header = binary.BigEndian.Uint64(w.read[8:]), longHeaderSize
	}
	if len(w.parents) > 0 {
		w.nested(size, kind, header)
		return nil
	}
	if w.offset == 0 && kind != "ftyp" {
		return FormatError("it is not an mp4: it does not begin with an ftyp box")
	}
	rest := uint64(1<<63 - 1 - w.offset)
	if w.length > 0 {
		rest = uint64(w.length - w.offset)
	}
	switch {
	case size == 0:
		w.openEnded = true
		size = rest
	case size < uint64(header):
		return FormatError(fmt.Sprintf("it is not an mp4: its %q box has a size of %d", kind, size))
	case size > rest:
		return errTruncated
	}
	w.moov, w.mdat = w.moov || kind == "moov", w.mdat || kind == "mdat"
	if kind == "moov" {
		w.parents = append(w.parents, w.offset+int64(size))
		w.header(w.offset + header)
		return nil
	}
	w.header(w.offset + int64(size))
	return nil
}

// nested enters, reads or skips a box inside moov or one of its tracks. If a size is wrong, it
// skips the rest of the enclosing box.
func (w *Walker) nested(size uint64, kind string, header int64) {
	parentEnd := w.parents[len(w.parents)-1]
	if size < uint64(header) || size > uint64(parentEnd-w.offset) {
		w.header(parentEnd)
		return
	}
	end := w.offset + int64(size)
	switch {
	case kind == "trak" && len(w.parents) == 1:
		w.parents = append(w.parents, end)
		w.header(w.offset + header)
	case (kind == "mvhd" || kind == "tkhd") && int64(size) > header:
		w.offset, w.read, w.content, w.end = w.offset+header, w.read[:0], kind, end
	default:
		w.header(end)
	}
}

// header moves to a header at an offset. It leaves the boxes that have no room for one there.
func (w *Walker) header(offset int64) {
	for n := len(w.parents); n > 0 && w.parents[n-1]-offset < headerSize; n-- {
		offset, w.parents = w.parents[n-1], w.parents[:n-1]
	}
	w.offset, w.read, w.content = offset, w.read[:0], ""
}

// describe reads the beginning of the content of an mvhd or tkhd box (ISO/IEC 14496-12, 8.2.2
// and 8.3.2). In version 1, times and durations have 8 bytes instead of 4. A duration of all
// ones is unknown.
func (w *Walker) describe(kind string, p []byte) {
	long := p[0] == 1
	switch {
	case kind == "mvhd" && !long && len(p) >= 20:
		w.timescale, w.duration = binary.BigEndian.Uint32(p[12:]), uint64(binary.BigEndian.Uint32(p[16:]))
		if w.duration == 1<<32-1 {
			w.duration = 0
		}
	case kind == "mvhd" && long && len(p) >= 32:
		w.timescale, w.duration = binary.BigEndian.Uint32(p[20:]), binary.BigEndian.Uint64(p[24:])
		if w.duration == 1<<64-1 {
			w.duration = 0
		}
	case kind == "tkhd" && w.width == 0: // a sound track has no dimensions
		size := p[min(len(p), 76):]
		if long {
			size = p[min(len(p), 88):]
		}
		if len(size) >= 8 { // 16.16 fixed point
			w.width, w.height = int(binary.BigEndian.Uint16(size)), int(binary.BigEndian.Uint16(size[4:]))
		}
	}
}
