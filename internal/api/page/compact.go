package page

import (
	"bytes"
	"slices"
	"strings"
)

// operators are the characters of a script beside which spaces mean nothing.
const operators = "=,{};:?<>*()[]&|!+"

// compact returns a file without the indentation of its lines; HTML also without the quotes that
// attributes don't need; and a script and a style sheet also without comments, each of which is a line or the rest of one, and without spaces that mean
// nothing. The private members of a script's classes have short names. Every line is kept, so that
// an error names the line of the source.
func compact(content []byte, extension string) []byte {
	kept := make([]byte, 0, len(content))
	short := map[string]string{}
	for line := range bytes.Lines(content) {
		line = bytes.TrimLeft(line, " \t")
		switch extension {
		case ".html":
			line = unquoted(line)
		case ".js":
			line = squeeze(uncommented(line, "//", "\"`"), operators, operators, "'/")
			line = shorten(line, short)
		case ".css":
			if bytes.HasSuffix(bytes.TrimRight(line, "\n"), []byte("*/")) {
				line = uncommented(line, "/*", "")
			}
			line = squeeze(line, "{};:,>", "{}>", "'")
			line = bytes.ReplaceAll(line, []byte(";}"), []byte("}"))
			for _, before := range []string{" ", ":", "("} {
				line = bytes.ReplaceAll(line, []byte(before+"0."), []byte(before+"."))
			}
		}
		kept = append(kept, line...)
	}
	return kept
}

// unquoted returns a line of HTML with its attributes that are words without their quotes.
func unquoted(line []byte) []byte {
	parts := bytes.Split(line, []byte(`="`))
	for i, part := range parts[1:] {
		value, rest, found := bytes.Cut(part, []byte(`"`))
		word := bytes.TrimRight(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")
		if found && len(value) > 0 && len(word) == 0 && len(rest) > 0 && (rest[0] == ' ' || rest[0] == '>') {
			parts[i+1] = slices.Concat([]byte("="), value, rest)
		} else {
			parts[i+1] = slices.Concat([]byte(`="`), part)
		}
	}
	return bytes.Join(parts, nil)
}

// uncommented returns a line without its comment, which ends it. What looks like one after a
// space and has one of the quotes is taken for a part of a text.
func uncommented(line []byte, begin, quotes string) []byte {
	end := line[len(bytes.TrimRight(line, "\n")):]
	if bytes.HasPrefix(line, []byte(begin)) {
		return end
	}
	if i := bytes.LastIndex(line, []byte(" "+begin)); i >= 0 && !bytes.ContainsAny(line[i:], quotes) {
		return append(bytes.TrimRight(line[:i:i], " "), end...)
	}
	return line
}

// squeeze removes the spaces of a line after and before some characters, but not in a text. A line
// with one of the hard characters outside of texts, such as that of a regular expression, is
// returned as it is.
func squeeze(line []byte, after, before, hard string) []byte {
	kept := make([]byte, 0, len(line))
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case c == '"' || c == '`':
			end := textEnd(line, i)
			if end < 0 {
				return line
			}
			kept = append(kept, line[i:end]...)
			i = end - 1
			continue
		case strings.IndexByte(hard, c) >= 0:
			return line
		case c == ' ' && i+1 < len(line) && line[i+1] == '+' && i > 0 && line[i-1] == '+': // a + +b is not a++b
		case c == ' ' && len(kept) > 0 && (strings.IndexByte(after, kept[len(kept)-1]) >= 0 || i+1 < len(line) && strings.IndexByte(before, line[i+1]) >= 0):
			continue
		}
		kept = append(kept, c)
	}
	return kept
}

// textEnd returns the end of the text that begins with a quote at from; -1 if the line has none. A
// text in backquotes may have expressions with texts.
func textEnd(line []byte, from int) int {
	quote := line[from]
	for i := from + 1; i < len(line); i++ {
		switch {
		case line[i] == '\\':
			i++
		case line[i] == quote:
			return i + 1
		case quote == '`' && line[i] == '$' && i+1 < len(line) && line[i+1] == '{':
			if i = expressionEnd(line, i+2); i < 0 {
				return -1
			}
		}
	}
	return -1
}

// expressionEnd returns the place of the brace that closes an expression which begins at from; -1 if
// the line has none.
func expressionEnd(line []byte, from int) int {
	open := 1
	for i := from; i < len(line); i++ {
		switch line[i] {
		case '"', '`':
			if i = textEnd(line, i) - 1; i < 0 {
				return -1
			}
		case '{':
			open++
		case '}':
			if open--; open == 0 {
				return i
			}
		}
	}
	return -1
}

// shorten replaces the private names of a line, which are after a dot, or at the beginning of the
// line, where they are declared. names has the short ones by now.
func shorten(line []byte, names map[string]string) []byte {
	kept := make([]byte, 0, len(line))
	for i := 0; i < len(line); i++ {
		kept = append(kept, line[i])
		if before := string(kept[:len(kept)-1]); line[i] != '#' || !strings.HasSuffix(before, ".") && before != "" && before != "async " && before != "get " {
			continue
		}
		end := i + 1
		for end < len(line) && (line[end] >= 'a' && line[end] <= 'z' || line[end] >= 'A' && line[end] <= 'Z' || line[end] >= '0' && line[end] <= '9') {
			end++
		}
		name := string(line[i+1 : end])
		if name == "" {
			continue
		}
		if names[name] == "" {
			names[name] = shortName(len(names))
		}
		kept = append(kept, names[name]...)
		i = end - 1
	}
	return kept
}

// shortName returns name n of a, b, ..., Z, aa, ba, and so on.
func shortName(n int) string {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	name := letters[n%len(letters) : n%len(letters)+1]
	if n >= len(letters) {
		name += shortName(n/len(letters) - 1)
	}
	return name
}
