package page

import (
	"bytes"
	"strings"
)

// compact returns a file without the indentation of its lines, and a script also without its
// lines of comments. Scripts and style sheets have no spaces where they mean nothing. Every line
// is kept, so that an error names the line of the source.
func compact(content []byte, extension string) []byte {
	kept := make([]byte, 0, len(content))
	for line := range bytes.Lines(content) {
		line = bytes.TrimLeft(line, " \t")
		switch {
		case extension == ".js" && bytes.HasPrefix(line, []byte("//")):
			line = line[len(bytes.TrimRight(line, "\n")):]
		case extension == ".js":
			line = squeeze(line, "=,{};:?<>*()[]&|!", "=,{};:?<>*()[]&|!", "'`/")
		case extension == ".css":
			line = squeeze(line, "{};:,", "{}", "'")
		}
		kept = append(kept, line...)
	}
	return kept
}

// squeeze removes the spaces of a line after and before some characters, but not in a text in
// double quotes. A line with one of the hard characters outside of those, such as that of a
// regular expression, is returned as it is.
func squeeze(line []byte, after, before, hard string) []byte {
	kept := make([]byte, 0, len(line))
	quoted := false
	for i, c := range line {
		switch {
		case c == '"' && (i == 0 || line[i-1] != '\\'):
			quoted = !quoted
		case quoted:
		case strings.IndexByte(hard, c) >= 0:
			return line
		case c == ' ' && len(kept) > 0 && (strings.IndexByte(after, kept[len(kept)-1]) >= 0 || i+1 < len(line) && strings.IndexByte(before, line[i+1]) >= 0):
			continue
		}
		kept = append(kept, c)
	}
	if quoted {
		return line
	}
	return kept
}
