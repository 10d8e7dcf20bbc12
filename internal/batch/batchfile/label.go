package batchfile

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/takeup/takeup/internal/text"
)

// maxName is the most bytes of a label in a file's name. File systems limit names to 255
// bytes.
const maxName = 120

// FileName returns the file name of a line's video: 000007-boat.mp4, or 000007.2-boat.mp4
// for the second of several. It begins with the line's number, so that the names of one
// batch are unique even on file systems that ignore case, and sort as the lines do. It
// keeps only those characters of the label that no file system forbids and no shell
// interprets.
func FileName(line, copy, copies int, label string) string {
	name := fmt.Sprintf("%06d", line)
	if copies > 1 {
		name += fmt.Sprintf(".%d", copy)
	}
	safe := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), r == utf8.RuneError, r < utf8.RuneSelf && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_.,+@", r):
			return '-'
		case !unicode.IsGraphic(r) && r != '\u200d' && r != '\u200c': // joiners, which emoji and some scripts need
			return -1
		}
		return r
	}, text.Printable(label))
	if len(safe) > maxName {
		cut := maxName
		for !utf8.RuneStart(safe[cut]) {
			cut--
		}
		safe = safe[:cut]
	}
	for strings.Contains(safe, "--") {
		safe = strings.ReplaceAll(safe, "--", "-")
	}
	if safe = strings.Trim(safe, "-. \u200c\u200d"); safe != "" {
		name += "-" + safe
	}
	return name + ".mp4"
}
