package transfer

import (
	"encoding/binary"
	"fmt"
)

// boxes walks the top-level boxes of an mp4 while its bytes pass, and keeps none
// of them. A box is a size (4 bytes), a type (4 bytes), and for a size of 1 a
// larger size (8 bytes); a size of 0 reaches to the end of the file (ISO/IEC
// 14496-12, 4.2).
type boxes struct {
	header  []byte // of the box that begins, as far as it has come
	left    uint64 // bytes of the box that have still to pass
	endless bool   // the box reaches to the end of the file
	first   bool   // a box was seen
	moov    bool
	mdat    bool
}

// Write takes the next bytes of the file. Its error says why they are no mp4.
func (b *boxes) Write(p []byte) (int, error) {
	taken := len(p)
	for len(p) > 0 {
		if b.endless {
			break
		}
		if b.left > 0 {
			n := min(b.left, uint64(len(p)))
			b.left, p = b.left-n, p[n:]
			continue
		}
		b.header, p = append(b.header, p[0]), p[1:]
		if err := b.begin(); err != nil {
			return 0, err
		}
	}
	return taken, nil
}

// begin starts a box once its header is there.
func (b *boxes) begin() error {
	if len(b.header) < 8 {
		return nil
	}
	size, kind, length := uint64(binary.BigEndian.Uint32(b.header)), string(b.header[4:8]), uint64(8)
	if !b.first && kind != "ftyp" {
		return fmt.Errorf("it is not an mp4: it does not begin with an ftyp box")
	}
	if size == 1 {
		if len(b.header) < 16 {
			return nil
		}
		size, length = binary.BigEndian.Uint64(b.header[8:]), 16
	}
	switch {
	case size == 0:
		b.endless = true
	case size < length:
		return fmt.Errorf("it is not an mp4: its %q box has a size of %d", kind, size)
	default:
		b.left = size - length
	}
	b.first = true
	b.moov, b.mdat = b.moov || kind == "moov", b.mdat || kind == "mdat"
	b.header = b.header[:0]
	return nil
}

// end says why the bytes that passed are no whole mp4, or nil.
func (b *boxes) end() error {
	switch {
	case !b.first && len(b.header) == 0:
		return fmt.Errorf("it is empty")
	case len(b.header) > 0 || b.left > 0:
		return fmt.Errorf("it is cut: its last box is not whole")
	case !b.moov || !b.mdat:
		return fmt.Errorf("it is not a whole mp4: it has no moov or no mdat box")
	}
	return nil
}
