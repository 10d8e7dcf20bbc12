package transfer

import (
	"bytes"
	"encoding/binary"
	"testing"
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
