package text

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// NotJSON says where JSON doesn't parse, and the likely cause.
type NotJSON struct {
	Place
	Cause string // what stands there, and what to do
}

func (e *NotJSON) Error() string {
	return fmt.Sprintf("is not JSON at line %d, column %d: %s", e.Line, e.Column, e.Cause)
}

// NotObject says that a text is something else than one JSON object.
type NotObject struct {
	Is string // "a list", or another word for it; or "empty"
}

func (e *NotObject) Error() string {
	return "is " + e.Is + ", not a JSON object"
}

// Fault is what encoding/json would pass over in a field.
type Fault struct {
	Path    string // of the field, as prompt or multi_prompt[0].prompt
	Message string // follows the path
}

// Object reads one JSON object, with numbers as json.Number, from a text that
// Decode gave. What doesn't parse gives a *NotJSON, and what is no object a
// *NotObject. The faults are half surrogate pairs in the values, which
// encoding/json makes U+FFFD, and fields that are given twice, of which it takes
// the last.
func Object(s string) (map[string]any, []Fault, error) {
	if strings.TrimSpace(s) == "" {
		return nil, nil, &NotObject{Is: "empty"}
	}
	data := []byte(s)
	var whole json.RawMessage
	if err := json.Unmarshal(data, &whole); err != nil {
		return nil, nil, diagnose(data, err)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, nil, diagnose(data, err)
	}
	object, ok := value.(map[string]any)
	if !ok {
		return nil, nil, &NotObject{Is: kind(value)}
	}
	return object, faults(data), nil
}

// kind says in words what a JSON value is.
func kind(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case bool:
		return "true or false"
	case string:
		return "a text in quotes"
	case []any:
		return "a list"
	}
	return "a number"
}

// level is an object or a list that is open while JSON is read.
type level struct {
	path  string
	keys  map[string]bool // of an object; nil in a list
	key   string          // the field whose value comes next
	value bool            // a value comes next, not a key
	items int             // of a list
}

// next is the path of the value that comes next.
func (l *level) next() string {
	switch {
	case l.keys == nil:
		return fmt.Sprintf("%s[%d]", l.path, l.items)
	case l.path == "":
		return l.key
	}
	return l.path + "." + l.key
}

// faults walks through valid JSON.
func faults(data []byte) []Fault {
	var found []Fault
	levels := []*level{{keys: map[string]bool{}, value: true}} // around the whole
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber() // the others need not fit a float64
	for {
		before := decoder.InputOffset()
		token, err := decoder.Token()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				panic("text: JSON that was valid doesn't parse: " + err.Error())
			}
			return found
		}
		raw := data[before:decoder.InputOffset()]
		top := levels[len(levels)-1]
		if s, ok := token.(string); ok && top.keys != nil && !top.value {
			top.key, top.value = s, true
			if top.keys[s] {
				at := placeOf(data, int(before)+bytes.IndexByte(raw, '"'))
				found = append(found, Fault{top.next(), fmt.Sprintf("is given twice, the second time at line %d, column %d; give it once", at.Line, at.Column)})
			}
			top.keys[s] = true
			continue
		}
		switch token {
		case json.Delim('{'):
			levels = append(levels, &level{path: top.next(), keys: map[string]bool{}})
			continue
		case json.Delim('['):
			levels = append(levels, &level{path: top.next()})
			continue
		case json.Delim('}'), json.Delim(']'):
			levels = levels[:len(levels)-1]
			top = levels[len(levels)-1]
		}
		if _, ok := token.(string); ok {
			if fault := half(raw[bytes.IndexByte(raw, '"')+1 : len(raw)-1]); fault != "" {
				found = append(found, Fault{top.next(), fault})
			}
		}
		top.value = false
		top.items++
	}
}

// half says where a JSON string, without its quotes, has an escape of half a
// surrogate pair; empty: nowhere.
func half(raw []byte) string {
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		first := unit(raw[i:])
		switch {
		case first < 0:
			i++ // the escaped character
			continue
		case first < 0xd800 || first > 0xdfff:
		case first < 0xdc00 && unit(raw[i+6:]) >= 0xdc00 && unit(raw[i+6:]) <= 0xdfff:
			i += 6
		default:
			var before, all string
			for text, part := range map[*string][]byte{&before: raw[:i], &all: raw} {
				if err := json.Unmarshal([]byte(`"`+string(part)+`"`), text); err != nil {
					panic("text: a JSON string that was valid doesn't parse: " + err.Error())
				}
			}
			return fmt.Sprintf(`has half of a character, %s, at %s; it was cut in two on its way: send the whole of it`,
				raw[i:i+6], placeOf([]byte(before), len(before)).in(all))
		}
		i += 5
	}
	return ""
}

// unit gives the UTF-16 code unit that raw begins with as an escape; -1: none.
func unit(raw []byte) int {
	if len(raw) < 6 || raw[0] != '\\' || raw[1] != 'u' {
		return -1
	}
	n, err := strconv.ParseUint(string(raw[2:6]), 16, 16)
	if err != nil {
		return -1
	}
	return int(n)
}

// diagnose makes a *NotJSON of an error of encoding/json.
func diagnose(data []byte, err error) error {
	offset := len(data)
	if at := wrongByte(data, err); at < len(data) {
		for offset = at; offset > 0 && !utf8.RuneStart(data[offset]); {
			offset--
		}
	}
	found := scan(data[:offset])
	if letter := func(b byte) bool { return b|0x20 >= 'a' && b|0x20 <= 'z' }; offset < len(data) && found.quote < 0 && letter(found.last) {
		for offset > 0 && letter(data[offset-1]) {
			offset-- // to the word that began like true, false or null
		}
		found = scan(data[:offset])
	}
	return &NotJSON{Place: placeOf(data, offset), Cause: found.cause(data[offset:])}
}

// wrongByte gives the offset of the byte that can't stand where it is; that of the
// end where the JSON ends too early, which encoding/json says by the same offset
// as a wrong last byte. One more byte tells them apart.
func wrongByte(data []byte, err error) int {
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		return len(data)
	}
	if int(syntax.Offset) == len(data) {
		var longer *json.SyntaxError
		if err := json.Unmarshal(append(bytes.Clone(data), ' '), new(json.RawMessage)); errors.As(err, &longer) && int(longer.Offset) > len(data) {
			return len(data)
		}
	}
	return max(int(syntax.Offset)-1, 0)
}
