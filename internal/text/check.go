package text

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Check refuses a text that nobody meant to send: one with a control character other than
// tab and line ends, with U+FFFD or a noncharacter, with tag characters that spell out
// something hidden, or without any visible character. Its error says which and where. The
// empty text is refused too.
//
// Among others, it accepts emoji with joiners, selectors, skin tones and flags, joiners
// within words, right-to-left text with its marks and overrides, and private-use
// characters.
func Check(s string) error {
	for at, r := range s {
		var why string
		switch {
		case isControl(r):
			why = fmt.Sprintf("has the control character %s at %%s; take it out", name(r))
		case r == unicode.ReplacementChar:
			why = "has U+FFFD at %s, which stands for a character that was lost on the way; write that character again"
		case nonCharacter(r):
			why = fmt.Sprintf("has U+%04X at %%s, which is no character; take it out", r)
		case isTag(r) && !inTagSequence(s, at):
			why = fmt.Sprintf("has the hidden tag character U+%04X at %%s; take it out", r)
		default:
			continue
		}
		return fmt.Errorf(why, placeOf([]byte(s), at).in(s))
	}
	if strings.IndexFunc(s, visible) < 0 {
		return &Empty{Blank: s == ""}
	}
	return nil
}

// Empty says that a text has no visible character.
type Empty struct {
	Blank bool // there is no character at all
}

func (e *Empty) Error() string {
	if e.Blank {
		return "is empty"
	}
	return "is empty: it has only spaces and characters that can't be seen"
}

// isControl reports whether a character is a control character (C0, DEL, C1) that no text
// needs.
func isControl(r rune) bool {
	return unicode.IsControl(r) && r != '\t' && r != '\n' && r != '\r'
}

// name returns the name of a control character.
func name(r rune) string {
	known := map[rune]string{0: "NUL", 7: "BEL", 8: "backspace", 0x0b: "vertical tab", 0x0c: "form feed", 0x1b: "ESC", 0x7f: "DEL"}
	if word := known[r]; word != "" {
		return fmt.Sprintf("U+%04X (%s)", r, word)
	}
	return fmt.Sprintf("U+%04X", r)
}

// nonCharacter reports whether a code point is one of Unicode's 66 noncharacters:
// https://www.unicode.org/faq/private_use.html#noncharacters
func nonCharacter(r rune) bool {
	return r&0xfffe == 0xfffe || r >= 0xfdd0 && r <= 0xfdef
}

// visible reports whether a character is visible by itself. A character unknown to this
// release's Unicode tables counts as visible, since it may be a newer emoji.
func visible(r rune) bool {
	switch {
	case unicode.IsSpace(r), isControl(r), nonCharacter(r),
		unicode.In(r, unicode.Z, unicode.M, unicode.Cf, unicode.Co, unicode.Cs, unicode.Other_Default_Ignorable_Code_Point),
		r == 0x2800, // the Braille pattern without dots
		r == 0xfffc: // where a picture was in the copied text
		return false
	}
	return true
}

// isTag reports whether a character is one of the invisible tags that mirror ASCII.
func isTag(r rune) bool { return r == 0xe0001 || r >= 0xe0020 && r <= 0xe007f }

// inTagSequence reports whether the tag at an offset belongs to an emoji, such as the flag
// of Scotland: a symbol, tags, and a cancel tag
// (https://www.unicode.org/reports/tr51/#def_emoji_tag_sequence). A sequence has at most 32
// tags.
func inTagSequence(s string, at int) bool {
	base := strings.TrimRightFunc(s[:at], isTag)
	run := s[len(base):]
	if end := strings.IndexFunc(run, func(r rune) bool { return !isTag(r) }); end >= 0 {
		run = run[:end]
	}
	last, _ := utf8.DecodeLastRuneInString(strings.TrimRight(base, "\ufe0f"))
	return unicode.In(last, unicode.So, unicode.Sk) && last != utf8.RuneError &&
		strings.HasSuffix(run, "\U000e007f") && !strings.ContainsRune(run, 0xe0001) && len(run) <= 32*4
}

// Lines counts the lines of a text that have a visible character.
func Lines(s string) int {
	n := 0
	for line := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == '\n' || r == '\r' }) {
		if strings.IndexFunc(line, visible) >= 0 {
			n++
		}
	}
	return n
}

// Printable makes a text safe to print on a terminal: characters that would move its cursor
// become spaces, and those that would reorder the text are dropped
// (https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters).
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), unicode.In(r, unicode.Zl, unicode.Zp):
			return ' '
		case unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, s)
}
