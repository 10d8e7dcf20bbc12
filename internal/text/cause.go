package text

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// scanned is the state of a JSON parser at a wrong byte.
type scanned struct {
	data   []byte // the JSON before the wrong byte
	open   []int  // offsets of the objects and lists that are not closed
	quote  int    // offset of the string that is not closed; -1: none
	escape bool   // within such a string, right after a backslash
	last   byte   // the last byte outside strings that is no space; " after a string
	key    bool   // the last string is the name of a field
}

// scan scans the valid beginning of JSON.
func scan(data []byte) scanned {
	s := scanned{data: data, quote: -1}
	for i, b := range data {
		switch {
		case s.escape:
			s.escape = false
		case s.quote >= 0:
			s.escape = b == '\\'
			if b == '"' {
				s.quote = -1
			}
		case b == '"':
			s.key = s.object() && (s.last == '{' || s.last == ',')
			s.quote, s.last = i, b
		case strings.IndexByte(" \t\r\n", b) >= 0:
		default:
			if b == '{' || b == '[' {
				s.open = append(s.open, i)
			}
			if (b == '}' || b == ']') && len(s.open) > 0 {
				s.open = s.open[:len(s.open)-1]
			}
			s.last, s.key = b, false
		}
	}
	return s
}

// object reports whether the innermost open value is an object.
func (s scanned) object() bool {
	return len(s.open) > 0 && s.data[s.open[len(s.open)-1]] == '{'
}

// ended reports whether the last thing read was a complete value.
func (s scanned) ended() bool {
	return s.last != 0 && strings.IndexByte("{[,:", s.last) < 0 && !s.key
}

// plain reports whether the input begins with a word or a number, as plain text does.
func (s scanned) plain(rest []byte) bool {
	first := bytes.TrimLeft(s.data, " \t\r\n")
	if len(first) == 0 {
		first = rest
	}
	r, _ := utf8.DecodeRune(first)
	return unicode.IsLetter(r) || unicode.IsDigit(r)
}

func (s scanned) at(offset int) string {
	p := placeOf(s.data, offset)
	return fmt.Sprintf("line %d, column %d", p.Line, p.Column)
}

// cause describes the fault at the beginning of rest, the input from the wrong byte on.
func (s scanned) cause(rest []byte) string {
	if len(rest) == 0 {
		return s.cut()
	}
	r, _ := utf8.DecodeRune(rest)
	if s.quote >= 0 {
		return s.inText(r)
	}
	begins := func(words ...string) bool {
		for _, word := range words {
			if bytes.HasPrefix(rest, []byte(word)) {
				return true
			}
		}
		return false
	}
	switch {
	case len(s.open) > 1000:
		return "it is nested too deeply"
	case s.last == ',' && (r == '}' || r == ']'):
		return fmt.Sprintf("there is a comma before the %c; take the comma out", r)
	case begins("//", "/*", "#"):
		return "JSON has no comments; take this one out"
	case strings.ContainsRune(curly, r):
		return fmt.Sprintf("there is a curly quote, %c; use the straight \" instead", r)
	case r == '\'' || r == '`':
		return fmt.Sprintf("there is a %c; JSON puts texts and names in \" quotes", r)
	case s.plain(rest):
		return `it looks like plain text; put it into an object, as {"prompt": "a paper boat"}`
	case s.last != 0 && len(s.open) == 0:
		return s.after(r)
	case s.key && (s.last == '"') && r != ':':
		return "a : is missing after the name of a field"
	case s.last == '"' && !s.key && (unicode.IsLetter(r) || unicode.IsDigit(r)):
		return `a text ended just before; write a quote within a text as \"`
	case s.ended() && (r == '"' || r == '{' || r == '['):
		return "a comma is missing before this"
	case s.ended() && r == ';':
		return "there is a ;, where JSON has a comma"
	case begins("True", "False", "None", "undefined", "NaN", "Infinity", "nil", "TRUE", "FALSE", "NULL"):
		return "JSON writes true, false and null, and numbers in digits"
	case s.object() && (s.last == '{' || s.last == ',') && (unicode.IsLetter(r) || r == '_' || r == '$'):
		return `the name of a field has no quotes; write it in "`
	case s.last == 0 && r == '<':
		return "it looks like HTML or XML; send JSON"
	case strings.ContainsRune("0123456789.+-eE", r) || strings.IndexByte("0123456789.+-", s.last) >= 0:
		return "there is a number that JSON doesn't write so; write it as 5 or 0.5"
	case (s.last == ':' || s.last == '[') && (unicode.IsLetter(r)):
		return `a text has no quotes; write it in "`
	case r == ',' && strings.IndexByte("{[,:", s.last) >= 0:
		return "there is a comma with nothing before it; take it out, or put in what is missing"
	case (r == '}' || r == ']') && s.last == ':':
		return "a field has no value; give it one, or take the field out"
	case (r == '}' || r == ']') && len(s.open) > 0:
		return fmt.Sprintf("there is a %c where the %c of %s is still open", r, s.data[s.open[len(s.open)-1]], s.at(s.open[len(s.open)-1]))
	case unicode.IsSpace(r) || !unicode.IsGraphic(r):
		return fmt.Sprintf("there is a U+%04X, which can't be seen; take it out", r)
	}
	return fmt.Sprintf("there is a %c, which can't stand here", r)
}

// inText describes a fault within a string.
func (s scanned) inText(r rune) string {
	switch {
	case s.escape:
		return fmt.Sprintf(`there is no \%s; write a backslash as \\ and a quote as \"`, shown(r))
	case r == '\n' || r == '\r':
		return fmt.Sprintf("the text that begins at %s continues past the end of the line; write a line end as \\n, or close the text with a quote", s.at(s.quote))
	case r == '\t':
		return `there is a tab within a text; write it as \t`
	case r < 0x20:
		return fmt.Sprintf("there is the control character %s within a text; take it out", name(r))
	}
	return `there is a \u without four hex digits after it; write a backslash as \\`
}

// after describes a fault after the complete value.
func (s scanned) after(r rune) string {
	switch {
	case r == '{' || r == '[':
		return "there is a second JSON value after the first; send one request object at a time"
	case r == '}' || r == ']':
		return fmt.Sprintf("there is a %c too many; take it out", r)
	case r == ',':
		return "there is a comma after the end; take it out, and send one request object at a time"
	}
	return "there is more after the end of the JSON; take it out"
}

// curly has the quotes of word processors, which JSON treats as part of a string.
const curly = "“”„‟«»‘’‚‛＂"

// cut says what is missing at the end.
func (s scanned) cut() string {
	switch {
	case s.quote >= 0 && bytes.ContainsAny(s.data[s.quote:], curly):
		return fmt.Sprintf("the text that begins at %s is not closed, but has a curly quote in it; use the straight \" instead", s.at(s.quote))
	case s.quote >= 0:
		return fmt.Sprintf("it ends within the text that begins at %s; close it with a quote, or send the whole", s.at(s.quote))
	case len(s.open) > 0:
		at := s.open[len(s.open)-1]
		return fmt.Sprintf("it ends before the %c of %s is closed; close it, or send the whole", s.data[at], s.at(at))
	}
	return "it ends in the middle of a word; send the whole"
}

func shown(r rune) string {
	if unicode.IsGraphic(r) {
		return string(r)
	}
	return fmt.Sprintf("U+%04X", r)
}
