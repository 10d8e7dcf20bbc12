package clip_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"slices"
	"testing"

	"github.com/takeup/takeup/internal/provider/aimlapi/sim/clip"
)

// boxes lists a file's top-level boxes (ISO/IEC 14496-12, 4.2) without reading their content.
func boxes(t *testing.T, r io.ReadSeeker, size int64) []string {
	t.Helper()
	var names []string
	for at := int64(0); at != size; {
		if at > size {
			t.Fatalf("a box ends at %d, the file at %d", at, size)
		}
		if _, err := r.Seek(at, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		header := make([]byte, 16)
		if _, err := io.ReadFull(r, header); err != nil {
			t.Fatal(err)
		}
		names = append(names, string(header[4:8]))
		length := int64(binary.BigEndian.Uint32(header))
		if length == 1 {
			length = int64(binary.BigEndian.Uint64(header[8:]))
		}
		if length < 8 {
			t.Fatalf("a box of %d bytes at %d", length, at)
		}
		at += length
	}
	return names
}

func TestSizes(t *testing.T) {
	smallest, err := clip.New("some-id-of-16-ch", 5, "16:9", 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int64{0, 1, smallest.Size(), smallest.Size() + 1, 1 << 20, 1 << 30, math.MaxUint32, 1 << 32, 5 << 30} {
		v, err := clip.New("some-id-of-16-ch", 5, "16:9", size)
		if err != nil {
			t.Fatal(err)
		}
		if v.Size() != max(size, smallest.Size()) {
			t.Errorf("asked for %d, got %d", size, v.Size())
		}
		if end, err := v.Open().Seek(0, io.SeekEnd); err != nil || end != v.Size() {
			t.Errorf("%d: ends at %d, %v", size, end, err)
		}
		if got := boxes(t, v.Open(), v.Size()); !slices.Equal(got, []string{"ftyp", "moov", "free", "mdat", "free"}) {
			t.Errorf("%d: boxes %q", size, got)
		}
	}
}

func TestEveryLengthAndShapeIsThere(t *testing.T) {
	total := 0
	for _, aspect := range []string{"16:9", "9:16", "1:1"} {
		for seconds := 3; seconds <= 15; seconds++ {
			v, err := clip.New("id", seconds, aspect, 0)
			if err != nil {
				t.Fatal(err)
			}
			total += int(v.Size())
		}
	}
	if total > 1<<20 {
		t.Errorf("%d bytes in all", total)
	}
	if _, err := clip.New("id", 2, "16:9", 0); err == nil {
		t.Error("a video of 2 s")
	}
}

func TestVideosDifferAndReadTheSameInPieces(t *testing.T) {
	read := func(id string, step int) []byte {
		v, err := clip.New(id, 5, "1:1", 50_000)
		if err != nil {
			t.Fatal(err)
		}
		out := make([]byte, 0, v.Size())
		for piece := make([]byte, step); ; {
			n, err := v.ReadAt(piece, int64(len(out)))
			out = append(out, piece[:n]...)
			if err == io.EOF {
				return out
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	want := read("one", 50_000)
	for _, step := range []int{1, 7, 8, 4096} {
		if !bytes.Equal(read("one", step), want) {
			t.Errorf("read in pieces of %d it is another", step)
		}
	}
	if bytes.Equal(read("two", 4096), want) {
		t.Error("two ids, one video")
	}
}

func TestNearest(t *testing.T) {
	for _, test := range []struct {
		seconds, want int
		aspect, shape string
	}{
		{0, 3, "16:9", "16:9"}, {5, 5, "1:1", "1:1"}, {60, 15, "9:16", "9:16"},
		{5, 5, "4:3", "16:9"}, {5, 5, "3:4", "9:16"}, {5, 5, "", "16:9"}, {5, 5, "wide", "16:9"},
	} {
		if seconds, shape := clip.Nearest(test.seconds, test.aspect); seconds != test.want || shape != test.shape {
			t.Errorf("%d s in %q: %d s in %s", test.seconds, test.aspect, seconds, shape)
		}
	}
}
