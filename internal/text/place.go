package text

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// Place is a place in a text, as editors count: both begin at 1, and a column is a
// character, also a tab.
type Place struct{ Line, Column int }

// placeOf returns the place of the byte at an offset.
func placeOf(data []byte, offset int) Place {
	before := data[:offset]
	// A CR alone ends a line too, and CRLF ends one.
	lines := bytes.Count(before, []byte("\n")) + bytes.Count(before, []byte("\r")) - bytes.Count(before, []byte("\r\n"))
	start := bytes.LastIndexAny(before, "\r\n") + 1
	return Place{Line: lines + 1, Column: utf8.RuneCount(before[start:]) + 1}
}

// in formats a place within a text: the character in a text of one line, the line and
// column in a longer one.
func (p Place) in(s string) string {
	if bytes.ContainsAny(bytes.TrimRight([]byte(s), "\r\n"), "\r\n") {
		return fmt.Sprintf("line %d, column %d", p.Line, p.Column)
	}
	return fmt.Sprintf("character %d", p.Column)
}
