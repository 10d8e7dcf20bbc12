package mp4_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/transfer/mp4"
)

// box returns a box with a short size.
func box(kind string, content []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(8+len(content)))
	return append(append(b, kind...), content...)
}

// longBox returns a box with a size of 8 bytes.
func longBox(kind string, content []byte) []byte {
	b := append(binary.BigEndian.AppendUint32(nil, 1), kind...)
	return append(binary.BigEndian.AppendUint64(b, uint64(16+len(content))), content...)
}

// openBox returns a box that extends to the end of the file.
func openBox(kind string, content []byte) []byte {
	return append(append(binary.BigEndian.AppendUint32(nil, 0), kind...), content...)
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// verdict feeds a file in chunks, whose lengths are taken cyclically from cuts, and returns the
// error.
func verdict(file, cuts []byte) string {
	w, at := mp4.NewWalker(0), 0
	for i := 0; at < len(file); i++ {
		n := len(file) - at
		if len(cuts) > 0 {
			n = min(n, int(cuts[i%len(cuts)])+1)
		}
		if err := w.Feed(int64(at), file[at:at+n]); err != nil {
			return err.Error()
		}
		at += n
	}
	if err := w.Complete(int64(len(file))); err != nil {
		return err.Error()
	}
	return ""
}

func TestComplete(t *testing.T) {
	ftyp, moov, mdat, free := box("ftyp", []byte("isom0000isom")), box("moov", make([]byte, 40)), box("mdat", make([]byte, 100)), box("free", nil)
	short := bytes.Clone(mdat)
	short[3] = 7
	shortWide := longBox("mdat", nil)
	shortWide[15] = 15
	hugeWide := longBox("mdat", nil)
	hugeWide[8] = 0xff
	for name, c := range map[string]struct {
		file []byte
		ok   bool
	}{
		"moov first":             {join(ftyp, moov, mdat), true},
		"mdat first":             {join(ftyp, mdat, moov), true},
		"boxes of other kinds":   {join(ftyp, free, moov, free, mdat, box("uuid", make([]byte, 16))), true},
		"a wide mdat":            {join(ftyp, moov, longBox("mdat", make([]byte, 300))), true},
		"an empty wide box":      {join(ftyp, moov, mdat, longBox("free", nil)), true},
		"mdat to the end":        {join(ftyp, moov, openBox("mdat", make([]byte, 100))), true},
		"empty":                  {nil, false},
		"text":                   {[]byte("<html><body>Not Found</body></html>"), false},
		"7 bytes":                {ftyp[:7], false},
		"no ftyp":                {join(moov, mdat), false},
		"no moov":                {join(ftyp, mdat), false},
		"no mdat":                {join(ftyp, moov), false},
		"mdat's last byte":       {join(ftyp, moov, mdat[:len(mdat)-1]), false},
		"a header that is cut":   {join(ftyp, moov, mdat, free[:5]), false},
		"a wide header cut":      {join(ftyp, moov, mdat, longBox("free", nil)[:12]), false},
		"a size of 7":            {join(ftyp, moov, short), false},
		"a wide size of 15":      {join(ftyp, moov, shortWide), false},
		"a wide size beyond all": {join(ftyp, moov, hugeWide), false},
		"a second file inside":   {join(ftyp, moov[:20], ftyp, moov, mdat), false},
	} {
		t.Run(name, func(t *testing.T) {
			whole := verdict(c.file, nil)
			if (whole == "") != c.ok {
				t.Errorf("verdict %q", whole)
			}
			for _, cuts := range [][]byte{{0}, {1}, {2, 0, 6}, {7}, {15, 3}} {
				if got := verdict(c.file, cuts); got != whole {
					t.Errorf("in chunks of %v: %q, at once %q", cuts, got, whole)
				}
			}
		})
	}
}

// The verdict doesn't depend on how a file is cut into chunks.
func FuzzFeedInChunks(f *testing.F) {
	ftyp, moov, mdat := box("ftyp", []byte("isom")), box("moov", nil), box("mdat", make([]byte, 9))
	f.Add(join(ftyp, moov, mdat), []byte{0})
	f.Add(join(ftyp, moov, longBox("mdat", make([]byte, 9))), []byte{3, 1, 7})
	f.Add(join(ftyp, moov, openBox("mdat", nil)), []byte{8})
	f.Add(join(ftyp, moov, mdat[:10]), []byte{5})
	f.Add([]byte("<html>"), []byte{})
	f.Fuzz(func(t *testing.T, file, cuts []byte) {
		if whole, split := verdict(file, nil), verdict(file, cuts); whole != split {
			t.Errorf("at once %q, in chunks %q", whole, split)
		}
	})
}

// outOfOrder feeds the chunks of a file in an order that comes from order, and then the bytes
// that were passed too early.
func outOfOrder(file, cuts, order []byte) string {
	if len(file) == 0 {
		return verdict(file, nil)
	}
	w := mp4.NewWalker(int64(len(file)))
	var places []int
	for at, i := 0, 0; at < len(file); i++ {
		places = append(places, at)
		at += 1 + int(cuts[i%len(cuts)])
	}
	for i, at := range places {
		j := int(order[i%len(order)]) % len(places)
		places[i], places[j] = places[j], at
	}
	starts := slices.Sorted(slices.Values(places))
	for _, at := range places {
		end := len(file)
		if i, _ := slices.BinarySearch(starts, at+1); i < len(starts) {
			end = starts[i]
		}
		if err := w.Feed(int64(at), file[at:end]); err != nil {
			return err.Error()
		}
	}
	for {
		at, more := w.Missing()
		if !more {
			break
		}
		if err := w.Feed(at, file[at:min(len(file), int(at)+96)]); err != nil {
			return err.Error()
		}
		if now, still := w.Missing(); still && now == at {
			break // the file's end cuts off a header
		}
	}
	if err := w.Complete(int64(len(file))); err != nil {
		return err.Error()
	}
	return fmt.Sprint(w.Info(), w.OpenEnded())
}

// The result doesn't depend on the order in which a file's bytes are fed.
func FuzzFeedOutOfOrder(f *testing.F) {
	film, err := os.ReadFile("../../provider/aimlapi/sim/clip/assets/5s-16x9.mp4")
	if err != nil {
		f.Fatal(err)
	}
	ftyp, moov, mdat := box("ftyp", []byte("isom")), box("moov", nil), box("mdat", make([]byte, 9))
	f.Add(film, []byte{200, 7}, []byte{3, 1, 4, 1, 5, 9, 2, 6})
	f.Add(join(ftyp, moov, mdat), []byte{0}, []byte{9, 0, 5})
	f.Add(join(ftyp, longBox("mdat", make([]byte, 90)), moov), []byte{3, 30}, []byte{2})
	f.Add(join(ftyp, mdat, openBox("moov", box("trak", box("tkhd", make([]byte, 92))))), []byte{40}, []byte{1})
	f.Fuzz(func(t *testing.T, file, cuts, order []byte) {
		if len(cuts) == 0 || len(order) == 0 || len(file) > 1<<16 {
			return
		}
		first, other := outOfOrder(file, []byte{255}, []byte{0}), outOfOrder(file, cuts, order)
		if ordered := outOfOrder(file, cuts, inOrder()); first != other || first != ordered {
			t.Errorf("%q, in order %q, in pieces %q", first, ordered, other)
		}
	})
}

// inOrder leaves each piece in its place.
func inOrder() []byte {
	order := make([]byte, 256)
	for i := range order {
		order[i] = byte(i)
	}
	return order
}

// Sizes and times are 32 or 64 bits wide.
func TestInfo(t *testing.T) {
	mvhd, wideMvhd := make([]byte, 100), make([]byte, 112)
	binary.BigEndian.PutUint32(mvhd[12:], 600)
	binary.BigEndian.PutUint32(mvhd[16:], 3000)
	wideMvhd[0] = 1
	binary.BigEndian.PutUint32(wideMvhd[20:], 1000)
	binary.BigEndian.PutUint64(wideMvhd[24:], 5041)
	tkhd, wideTkhd, sound := make([]byte, 84), make([]byte, 96), make([]byte, 84)
	binary.BigEndian.PutUint32(tkhd[76:], 1280<<16)
	binary.BigEndian.PutUint32(tkhd[80:], 720<<16)
	wideTkhd[0] = 1
	binary.BigEndian.PutUint32(wideTkhd[88:], 720<<16)
	binary.BigEndian.PutUint32(wideTkhd[92:], 1280<<16)
	unknown := bytes.Clone(mvhd)
	binary.BigEndian.PutUint32(unknown[16:], 1<<32-1)
	broken := box("trak", nil)
	broken[3] = 3
	track := func(tkhd []byte) []byte {
		return box("trak", join(box("edts", make([]byte, 20)), box("tkhd", tkhd), box("mdia", make([]byte, 300))))
	}
	ftyp, mdat := box("ftyp", []byte("isom")), box("mdat", make([]byte, 100))
	for name, c := range map[string]struct {
		moov []byte
		info mp4.Info
	}{
		"one track":           {box("moov", join(box("mvhd", mvhd), track(tkhd))), mp4.Info{Duration: 5 * time.Second, Width: 1280, Height: 720}},
		"wide ones":           {box("moov", join(box("mvhd", wideMvhd), track(wideTkhd))), mp4.Info{Duration: 5041 * time.Millisecond, Width: 720, Height: 1280}},
		"sound first":         {box("moov", join(box("mvhd", mvhd), track(sound), track(tkhd))), mp4.Info{Duration: 5 * time.Second, Width: 1280, Height: 720}},
		"mvhd last":           {box("moov", join(track(tkhd), box("mvhd", mvhd))), mp4.Info{Duration: 5 * time.Second, Width: 1280, Height: 720}},
		"a wide moov":         {longBox("moov", join(box("mvhd", mvhd), track(tkhd))), mp4.Info{Duration: 5 * time.Second, Width: 1280, Height: 720}},
		"to the end":          {openBox("moov", join(box("mvhd", mvhd), track(tkhd))), mp4.Info{Duration: 5 * time.Second, Width: 1280, Height: 720}},
		"no time is known":    {box("moov", join(box("mvhd", unknown), track(tkhd))), mp4.Info{Duration: 0, Width: 1280, Height: 720}},
		"nothing":             {box("moov", nil), mp4.Info{Duration: 0, Width: 0, Height: 0}},
		"too short":           {box("moov", join(box("mvhd", mvhd[:18]), track(tkhd[:82]))), mp4.Info{Duration: 0, Width: 0, Height: 0}},
		"empty ones":          {box("moov", join(box("mvhd", nil), box("tkhd", nil), track(nil))), mp4.Info{Duration: 0, Width: 0, Height: 0}},
		"broken after it":     {box("moov", join(box("mvhd", mvhd), track(tkhd), broken, track(wideTkhd))), mp4.Info{Duration: 5 * time.Second, Width: 1280, Height: 720}},
		"a track beyond it":   {box("moov", join(box("mvhd", mvhd), track(tkhd)[:200])), mp4.Info{Duration: 5 * time.Second, Width: 0, Height: 0}},
		"rests of few bytes":  {box("moov", join(box("mvhd", mvhd), box("trak", join(box("tkhd", tkhd), make([]byte, 7))), make([]byte, 5))), mp4.Info{Duration: 5 * time.Second, Width: 1280, Height: 720}},
		"0 units in a second": {box("moov", box("mvhd", make([]byte, 100))), mp4.Info{Duration: 0, Width: 0, Height: 0}},
	} {
		file := join(ftyp, mdat, c.moov)
		for _, cut := range []byte{255, 0, 30} {
			w := mp4.NewWalker(int64(len(file)))
			for at := 0; at < len(file); at += int(cut) + 1 {
				if err := w.Feed(int64(at), file[at:min(len(file), at+int(cut)+1)]); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
			}
			if err := w.Complete(int64(len(file))); err != nil || w.Info() != c.info {
				t.Errorf("%s: got %+v, %v, want %+v", name, w.Info(), err, c.info)
			}
		}
	}
}
