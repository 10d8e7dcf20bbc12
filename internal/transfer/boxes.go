package transfer

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// mostBoxes is far more than any file has that is no attack.
const mostBoxes = 1 << 20

// boxes walks the boxes of an mp4 while its bytes pass, and keeps none of them.
// It waits for a few bytes at a time, of which it knows where they are, so that
// the bytes may come out of order: what it waited for and did not see is missing,
// and can be shown again.
//
// A box is a size (4 bytes), a type (4 bytes), and for a size of 1 a larger size
// (8 bytes); a size of 0 reaches to the end of the file (ISO/IEC 14496-12, 4.2).
// The top level is checked. Inside moov only what tells of the duration (mvhd)
// and the dimensions (tkhd) is read, as far as it can be.
type boxes struct {
	length int64 // of the file; 0: not known

	next    int64  // what is waited for begins here,
	have    []byte // of which so much is there already,
	inner   string // and is the content of this box; empty: a header
	last    int64  // and the box that it is in ends here
	nested  []int64
	count   int
	endless bool // the last box reaches to the end of the file
	moov    bool
	mdat    bool

	timescale     uint32
	units         uint64 // the duration, in timescales
	width, height int
}

// see takes bytes of the file from a place on. Its error says why the file is no
// mp4.
func (b *boxes) see(at int64, p []byte) error {
	for !b.done() {
		from := b.next + int64(len(b.have)) - at
		if from < 0 || from >= int64(len(p)) {
			return nil
		}
		want := b.want() - len(b.have)
		b.have = append(b.have, p[from:min(from+int64(want), int64(len(p)))]...)
		if len(b.have) < b.want() {
			continue // a header that turned out to be longer, or all of p
		}
		if err := b.take(); err != nil {
			return err
		}
	}
	return nil
}

// done reports whether nothing is waited for any more.
func (b *boxes) done() bool {
	return len(b.nested) == 0 && (b.endless || b.length > 0 && b.next >= b.length)
}

// missing gives the place of the bytes that are waited for, in a file whose
// length is known. What there was of them is forgotten.
func (b *boxes) missing() (int64, bool) {
	b.have = b.have[:0]
	return b.next, !b.done() && b.next < b.length
}

// want is how many bytes are waited for.
func (b *boxes) want() int {
	switch {
	case b.inner != "":
		return int(min(b.last-b.next, 96)) // a tkhd of version 1 has so many
	case len(b.have) < 8 || binary.BigEndian.Uint32(b.have) != 1:
		return 8
	case len(b.nested) > 0 && b.nested[len(b.nested)-1]-b.next < 16:
		return 8 // there is no room for it
	}
	return 16
}

// take uses what was waited for.
func (b *boxes) take() error {
	if b.inner != "" {
		b.describe(b.inner, b.have)
		b.after(b.last)
		return nil
	}
	if b.count++; b.count > mostBoxes {
		return fmt.Errorf("it is not an mp4: it has over %d boxes", mostBoxes)
	}
	size, kind, header := uint64(binary.BigEndian.Uint32(b.have)), string(b.have[4:8]), int64(8)
	if len(b.have) == 16 {
		size, header = binary.BigEndian.Uint64(b.have[8:]), 16
	}
	if len(b.nested) > 0 {
		b.inside(size, kind, header)
		return nil
	}
	if b.next == 0 && kind != "ftyp" {
		return errors.New("it is not an mp4: it does not begin with an ftyp box")
	}
	left := uint64(1<<63 - 1 - b.next)
	if b.length > 0 {
		left = uint64(b.length - b.next)
	}
	switch {
	case size == 0:
		b.endless = true
		size = left
	case size < uint64(header):
		return fmt.Errorf("it is not an mp4: its %q box has a size of %d", kind, size)
	case size > left:
		return errCutBox
	}
	b.moov, b.mdat = b.moov || kind == "moov", b.mdat || kind == "mdat"
	if kind == "moov" {
		b.nested = append(b.nested, b.next+int64(size))
		b.after(b.next + header)
		return nil
	}
	b.after(b.next + int64(size))
	return nil
}

// inside goes on in moov, or in one of its tracks. What is wrong there is left
// alone, and the rest of it.
func (b *boxes) inside(size uint64, kind string, header int64) {
	end := b.nested[len(b.nested)-1]
	if size < uint64(header) || size > uint64(end-b.next) {
		b.after(end)
		return
	}
	box := b.next + int64(size)
	switch {
	case kind == "trak" && len(b.nested) == 1:
		b.nested = append(b.nested, box)
		b.after(b.next + header)
	case (kind == "mvhd" || kind == "tkhd") && int64(size) > header:
		b.next, b.have, b.inner, b.last = b.next+header, b.have[:0], kind, box
	default:
		b.after(box)
	}
}

// after waits for the header that is at a place, or for the one after the boxes
// that have no room for one there.
func (b *boxes) after(at int64) {
	for n := len(b.nested); n > 0 && b.nested[n-1]-at < 8; n-- {
		at, b.nested = b.nested[n-1], b.nested[:n-1]
	}
	b.next, b.have, b.inner = at, b.have[:0], ""
}

// describe reads the beginning of an mvhd or tkhd box (ISO/IEC 14496-12, 8.2.2
// and 8.3.2). Version 1 has times and durations of 8 bytes instead of 4.
func (b *boxes) describe(kind string, p []byte) {
	wide := p[0] == 1
	switch {
	case kind == "mvhd" && !wide && len(p) >= 20:
		b.timescale, b.units = binary.BigEndian.Uint32(p[12:]), uint64(binary.BigEndian.Uint32(p[16:]))
		if b.units == 1<<32-1 {
			b.units = 0 // not known
		}
	case kind == "mvhd" && wide && len(p) >= 32:
		b.timescale, b.units = binary.BigEndian.Uint32(p[20:]), binary.BigEndian.Uint64(p[24:])
		if b.units == 1<<64-1 {
			b.units = 0
		}
	case kind == "tkhd" && b.width == 0:
		size := p[min(len(p), 76):]
		if wide {
			size = p[min(len(p), 88):]
		}
		if len(size) >= 8 { // 16.16 fixed point; sound has none
			b.width, b.height = int(binary.BigEndian.Uint16(size)), int(binary.BigEndian.Uint16(size[4:]))
		}
	}
}

// duration is the file's own; 0 where it doesn't say.
func (b *boxes) duration() time.Duration {
	if b.timescale == 0 {
		return 0
	}
	seconds := float64(b.units) / float64(b.timescale)
	if seconds > (1<<62)/float64(time.Second) {
		return 0
	}
	return time.Duration(seconds * float64(time.Second)).Round(time.Millisecond)
}

var errCutBox = errors.New("it is cut: its last box is not whole")

// end says why the bytes that passed are no whole mp4 of a length, or nil.
func (b *boxes) end(length int64) error {
	switch {
	case length == 0:
		return errors.New("it is empty")
	case b.next == 0:
		return errCutBox
	case !b.endless && (b.next != length || len(b.have) > 0 || len(b.nested) > 0):
		return errCutBox
	case !b.moov || !b.mdat:
		return errors.New("it is not a whole mp4: it has no moov or no mdat box")
	}
	return nil
}
