package text

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// NotUTF8 says that bytes are not text in UTF-8.
type NotUTF8 struct {
	Looks string // the likely encoding; empty if none is likely
	Place Place  // of the first wrong byte; zero if Looks is enough
}

func (e *NotUTF8) Error() string {
	if e.Looks != "" {
		return "looks like " + e.Looks + "; save it as UTF-8"
	}
	return fmt.Sprintf("is not UTF-8 at line %d, column %d; save it as UTF-8", e.Place.Line, e.Place.Column)
}

// mark is U+FEFF: a byte order mark at the start of a text, or one left over where files
// were joined.
const mark = "\ufeff"

// Decode returns data, which is text in UTF-8, without any U+FEFF. If data is not UTF-8, or
// is UTF-16 or UTF-32 that happens to be valid UTF-8, the error is a *NotUTF8. Its guess of
// the encoding is good for texts of some words. For a few characters it can be wrong, but
// Decode never accepts invalid UTF-8.
func Decode(data []byte) (string, error) {
	if name := marked(data); name != "" {
		return "", &NotUTF8{Looks: name}
	}
	valid := utf8.Valid(data)
	if valid && bytes.IndexFunc(data, isControl) < 0 {
		return Unmarked(string(data)), nil
	}
	if name := guess(data, valid); name != "" {
		return "", &NotUTF8{Looks: name}
	}
	if !valid {
		return "", &NotUTF8{Place: placeOf(data, firstInvalid(data))}
	}
	return Unmarked(string(data)), nil
}

// Unmarked drops each U+FEFF from a text.
func Unmarked(s string) string { return strings.ReplaceAll(s, mark, "") }

// marked returns the encoding of a byte order mark other than UTF-8's.
func marked(data []byte) string {
	has := func(prefix string) bool { return bytes.HasPrefix(data, []byte(prefix)) }
	switch {
	case has("\xff\xfe\x00\x00"), has("\x00\x00\xfe\xff"):
		return "UTF-32"
	case has("\xff\xfe"), has("\xfe\xff"):
		return "UTF-16"
	}
	return ""
}

// guess returns the likely encoding of data without a byte order mark. The data must be
// invalid as UTF-8, or have control characters.
func guess(data []byte, valid bool) string {
	// A gateway that decodes UTF-16 as UTF-8 turns the byte order mark into this.
	data = bytes.TrimPrefix(data, []byte("\ufffd\ufffd"))
	var nuls, ascii, undefined, others int
	for _, b := range data {
		switch {
		case b == 0:
			nuls++
		case b >= 0x20 && b < 0x7f, b == '\t', b == '\n', b == '\r':
			ascii++
		case b < 0x20, b == 0x81, b == 0x8d, b == 0x8f, b == 0x90, b == 0x9d:
			undefined++ // in Windows-1252, or in any text
		default:
			others++
		}
	}
	multi, broken := sequences(data)
	switch {
	case len(data) >= 4 && nuls < len(data) && 5*nuls >= 3*len(data):
		return "UTF-32" // ASCII has three zero bytes of four in it
	case len(data) >= 4 && nuls < len(data) && 10*nuls >= 3*len(data):
		return "UTF-16"
	case valid && 4*undefined >= len(data) && wide(data):
		return "UTF-16" // of an alphabet whose bytes are all below 0x80
	case valid:
		return "" // control characters in a text, which Check reports
	case cesu(data):
		return "CESU-8, which writes a character as two halves"
	case multi >= broken:
		return "" // UTF-8 with a broken character, whose place says more
	case nuls == 0 && undefined == 0 && 10*ascii >= 7*len(data):
		return "Windows-1252 (Latin-1)"
	case wide(data):
		return "UTF-16"
	case undefined == 0 && ascii > 0 && others > 0 && ascii >= others:
		return "Windows-1252 (Latin-1)"
	}
	return ""
}

// sequences counts the complete multi-byte characters in data, and the bytes that belong to
// no character.
func sequences(data []byte) (multi, broken int) {
	for len(data) > 0 {
		r, size := utf8.DecodeRune(data)
		switch {
		case r == utf8.RuneError && size == 1:
			broken++
		case size > 1:
			multi++
		}
		data = data[size:]
	}
	return multi, broken
}

// cesu reports whether data, which is not UTF-8, would be UTF-8 if surrogate pairs were
// characters.
func cesu(data []byte) bool {
	for len(data) > 0 {
		r, size := utf8.DecodeRune(data)
		if r == utf8.RuneError && size == 1 {
			if len(data) < 6 || data[0] != 0xed || data[1]&0xf0 != 0xa0 || data[3] != 0xed || data[4]&0xf0 != 0xb0 {
				return false
			}
			size = 6
		}
		data = data[size:]
	}
	return true
}

// wide reports whether data is plausible as text in UTF-16, in either byte order: no
// control characters but tab and line ends, no unassigned or private-use characters, no
// unpaired surrogates, and letters of few scripts. An odd byte at the end, such as the line
// end of an echo, is ignored.
func wide(data []byte) bool {
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		units := make([]uint16, len(data)/2)
		for i := range units {
			units[i] = order.Uint16(data[2*i:])
		}
		if plausible(utf16.Decode(units)) {
			return true
		}
	}
	return false
}

// plausible reports whether a person could have written a text in one language, with Latin
// words in between.
func plausible(runes []rune) bool {
	scripts := map[string]bool{}
	letters, high := 0, 0
	for _, r := range runes {
		switch {
		case r == '\t', r == '\n', r == '\r':
		case r == utf8.RuneError, !unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z, unicode.Cf):
			return false
		case unicode.IsLetter(r):
			letters++
			if r >= 0x8000 && r < 0xa000 {
				high++ // bytes of Shift JIS decode to these; real text has more of the others
			}
			scripts[script(r)] = true
		}
	}
	delete(scripts, "Latin")
	return letters > 1 && len(scripts) <= 1 && 2*high <= letters
}

// script returns the script of a letter. Those of Chinese, Japanese and Korean count as
// one, since texts mix them.
func script(r rune) string {
	if unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Bopomofo) {
		return "Han"
	}
	for name, table := range unicode.Scripts {
		if unicode.Is(table, r) {
			return name
		}
	}
	return ""
}

func firstInvalid(data []byte) int {
	at := 0
	for at < len(data) {
		r, size := utf8.DecodeRune(data[at:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		at += size
	}
	return at
}
