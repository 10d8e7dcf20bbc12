package batchfile

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/takeup/takeup/internal/text"
)

// maxName is the most bytes of a label in a file's name. Names of 255 bytes are the
// most that file systems take.
const maxName = 120

// FileName gives the name of the file of a line's video: 000007-boat.mp4, or
// 000007.2-boat.mp4 for the second of several. It begins with the line, so that the
// names of one batch differ on every file system, also on those that don't tell A from
// a, and sort as the lines do. Of the label it
// has what no system forbids and no shell takes for its own.
func FileName(line, copy, copies int, label string) string {
	name := fmt.Sprintf("%06d", line)
	if copies > 1 {
		name += fmt.Sprintf(".%d", copy)
	}
	safe := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), r == utf8.RuneError, r < utf8.RuneSelf && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_.,+@", r):
			return '-'
		case !unicode.IsGraphic(r) && r != '\u200d' && r != '\u200c': // which emoji and some scripts need
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
