package transfer

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"
)

// mp4box makes a box with a short size.
func mp4box(kind string, content []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(8+len(content)))
	return append(append(b, kind...), content...)
}

// wideBox makes a box with a size of 8 bytes.
func wideBox(kind string, content []byte) []byte {
	b := append(binary.BigEndian.AppendUint32(nil, 1), kind...)
	return append(binary.BigEndian.AppendUint64(b, uint64(16+len(content))), content...)
}

// endlessBox makes a box that reaches to the end of the file.
func endlessBox(kind string, content []byte) []byte {
	return append(append(binary.BigEndian.AppendUint32(nil, 0), kind...), content...)
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// verdict walks a file that comes in chunks whose lengths cuts gives, over and
// over.
func verdict(file, cuts []byte) string {
	var b boxes
	at := 0
	for i := 0; at < len(file); i++ {
		n := len(file) - at
		if len(cuts) > 0 {
			n = min(n, int(cuts[i%len(cuts)])+1)
		}
		if err := b.see(int64(at), file[at:at+n]); err != nil {
			return err.Error()
		}
		at += n
	}
	if err := b.end(int64(len(file))); err != nil {
		return err.Error()
	}
	return ""
}

func TestBoxes(t *testing.T) {
	ftyp, moov, mdat, free := mp4box("ftyp", []byte("isom0000isom")), mp4box("moov", make([]byte, 40)), mp4box("mdat", make([]byte, 100)), mp4box("free", nil)
	short := bytes.Clone(mdat)
	short[3] = 7
	shortWide := wideBox("mdat", nil)
	shortWide[15] = 15
	hugeWide := wideBox("mdat", nil)
	hugeWide[8] = 0xff
	for name, c := range map[string]struct {
		file []byte
		ok   bool
	}{
		"moov first":             {join(ftyp, moov, mdat), true},
		"mdat first":             {join(ftyp, mdat, moov), true},
		"boxes of other kinds":   {join(ftyp, free, moov, free, mdat, mp4box("uuid", make([]byte, 16))), true},
		"a wide mdat":            {join(ftyp, moov, wideBox("mdat", make([]byte, 300))), true},
		"an empty wide box":      {join(ftyp, moov, mdat, wideBox("free", nil)), true},
		"mdat to the end":        {join(ftyp, moov, endlessBox("mdat", make([]byte, 100))), true},
		"empty":                  {nil, false},
		"text":                   {[]byte("<html><body>Not Found</body></html>"), false},
		"7 bytes":                {ftyp[:7], false},
		"no ftyp":                {join(moov, mdat), false},
		"no moov":                {join(ftyp, mdat), false},
		"no mdat":                {join(ftyp, moov), false},
		"mdat's last byte":       {join(ftyp, moov, mdat[:len(mdat)-1]), false},
		"a header that is cut":   {join(ftyp, moov, mdat, free[:5]), false},
		"a wide header cut":      {join(ftyp, moov, mdat, wideBox("free", nil)[:12]), false},
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

// However a file's bytes come, the verdict is the same.
func FuzzBoxesSplit(f *testing.F) {
	ftyp, moov, mdat := mp4box("ftyp", []byte("isom")), mp4box("moov", nil), mp4box("mdat", make([]byte, 9))
	f.Add(join(ftyp, moov, mdat), []byte{0})
	f.Add(join(ftyp, moov, wideBox("mdat", make([]byte, 9))), []byte{3, 1, 7})
	f.Add(join(ftyp, moov, endlessBox("mdat", nil)), []byte{8})
	f.Add(join(ftyp, moov, mdat[:10]), []byte{5})
	f.Add([]byte("<html>"), []byte{})
	f.Fuzz(func(t *testing.T, file, cuts []byte) {
		if whole, split := verdict(file, nil), verdict(file, cuts); whole != split {
			t.Errorf("at once %q, in chunks %q", whole, split)
		}
	})
}

// outOfOrder walks a file of which the pieces come in an order that order gives,
// and then what was passed too early.
func outOfOrder(file, cuts, order []byte) string {
	if len(file) == 0 {
		return verdict(file, nil)
	}
	b := boxes{length: int64(len(file))}
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
		if err := b.see(int64(at), file[at:end]); err != nil {
			return err.Error()
		}
	}
	for {
		at, more := b.missing()
		if !more {
			break
		}
		if err := b.see(at, file[at:min(len(file), int(at)+96)]); err != nil {
			return err.Error()
		}
		if now, still := b.missing(); still && now == at {
			break // a header that the file's end cuts off
		}
	}
	if err := b.end(int64(len(file))); err != nil {
		return err.Error()
	}
	return fmt.Sprint(b.moov, b.mdat, b.duration(), b.width, b.height)
}

// In whatever order a file's bytes come, what is said of it is the same.
func FuzzBoxesOutOfOrder(f *testing.F) {
	film, err := os.ReadFile("../provider/aimlapi/sim/assets/5s-16x9.mp4")
	if err != nil {
		f.Fatal(err)
	}
	ftyp, moov, mdat := mp4box("ftyp", []byte("isom")), mp4box("moov", nil), mp4box("mdat", make([]byte, 9))
	f.Add(film, []byte{200, 7}, []byte{3, 1, 4, 1, 5, 9, 2, 6})
	f.Add(join(ftyp, moov, mdat), []byte{0}, []byte{9, 0, 5})
	f.Add(join(ftyp, wideBox("mdat", make([]byte, 90)), moov), []byte{3, 30}, []byte{2})
	f.Add(join(ftyp, mdat, endlessBox("moov", mp4box("trak", mp4box("tkhd", make([]byte, 92))))), []byte{40}, []byte{1})
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

// The sizes of a header are 32 and 64 bits wide, those of times too.
func TestWhatMoovSays(t *testing.T) {
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
	broken := mp4box("trak", nil)
	broken[3] = 3
	track := func(tkhd []byte) []byte {
		return mp4box("trak", join(mp4box("edts", make([]byte, 20)), mp4box("tkhd", tkhd), mp4box("mdia", make([]byte, 300))))
	}
	ftyp, mdat := mp4box("ftyp", []byte("isom")), mp4box("mdat", make([]byte, 100))
	for name, c := range map[string]struct {
		moov          []byte
		length        time.Duration
		width, height int
	}{
		"one track":           {mp4box("moov", join(mp4box("mvhd", mvhd), track(tkhd))), 5 * time.Second, 1280, 720},
		"wide ones":           {mp4box("moov", join(mp4box("mvhd", wideMvhd), track(wideTkhd))), 5041 * time.Millisecond, 720, 1280},
		"sound first":         {mp4box("moov", join(mp4box("mvhd", mvhd), track(sound), track(tkhd))), 5 * time.Second, 1280, 720},
		"mvhd last":           {mp4box("moov", join(track(tkhd), mp4box("mvhd", mvhd))), 5 * time.Second, 1280, 720},
		"a wide moov":         {wideBox("moov", join(mp4box("mvhd", mvhd), track(tkhd))), 5 * time.Second, 1280, 720},
		"to the end":          {endlessBox("moov", join(mp4box("mvhd", mvhd), track(tkhd))), 5 * time.Second, 1280, 720},
		"no time is known":    {mp4box("moov", join(mp4box("mvhd", unknown), track(tkhd))), 0, 1280, 720},
		"nothing":             {mp4box("moov", nil), 0, 0, 0},
		"too short":           {mp4box("moov", join(mp4box("mvhd", mvhd[:18]), track(tkhd[:82]))), 0, 0, 0},
		"empty ones":          {mp4box("moov", join(mp4box("mvhd", nil), mp4box("tkhd", nil), track(nil))), 0, 0, 0},
		"broken after it":     {mp4box("moov", join(mp4box("mvhd", mvhd), track(tkhd), broken, track(wideTkhd))), 5 * time.Second, 1280, 720},
		"a track beyond it":   {mp4box("moov", join(mp4box("mvhd", mvhd), track(tkhd)[:200])), 5 * time.Second, 0, 0},
		"rests of few bytes":  {mp4box("moov", join(mp4box("mvhd", mvhd), mp4box("trak", join(mp4box("tkhd", tkhd), make([]byte, 7))), make([]byte, 5))), 5 * time.Second, 1280, 720},
		"0 units in a second": {mp4box("moov", mp4box("mvhd", make([]byte, 100))), 0, 0, 0},
	} {
		file := join(ftyp, mdat, c.moov)
		for _, cut := range []byte{255, 0, 30} {
			b := boxes{length: int64(len(file))}
			for at := 0; at < len(file); at += int(cut) + 1 {
				if err := b.see(int64(at), file[at:min(len(file), at+int(cut)+1)]); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
			}
			if err := b.end(int64(len(file))); err != nil || b.duration() != c.length || b.width != c.width || b.height != c.height {
				t.Errorf("%s: %v, %v, %d by %d", name, err, b.duration(), b.width, b.height)
			}
		}
	}
}
