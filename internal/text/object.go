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
	Cause string // what is wrong there, and what to do
}

func (e *NotJSON) Error() string {
	return fmt.Sprintf("is not JSON at line %d, column %d: %s", e.Line, e.Column, e.Cause)
}

// NotObject says that a text is not one JSON object.
type NotObject struct {
	Is string // "a list", or another word for the value; or "empty"
}

func (e *NotObject) Error() string {
	return "is " + e.Is + ", not a JSON object"
}

// Fault is a fault of a field that encoding/json ignores.
type Fault struct {
	Path    string // of the field, such as prompt or multi_prompt[0].prompt
	Message string // follows the path
}

// Object parses one JSON object from a text that Decode returned, with numbers as
// json.Number. The error is a *NotJSON or a *NotObject. The faults are unpaired surrogates
// in values, which encoding/json replaces with U+FFFD, and duplicate fields, of which it
// takes the last.
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

// kind names the kind of a JSON value.
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

// level is an object or a list that is being parsed.
type level struct {
	path  string
	keys  map[string]bool // of an object; nil for a list
	key   string          // the field of the next value
	value bool            // the next token is a value, not a key
	items int             // of a list
}

// next returns the path of the next value.
func (l *level) next() string {
	switch {
	case l.keys == nil:
		return fmt.Sprintf("%s[%d]", l.path, l.items)
	case l.path == "":
		return l.key
	}
	return l.path + "." + l.key
}

// faults finds the faults of valid JSON.
func faults(data []byte) []Fault {
	var found []Fault
	levels := []*level{{keys: map[string]bool{}, value: true}} // the outermost level
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber() // other numbers need not fit in a float64
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

// half returns a message about the first unpaired surrogate escape in raw, a JSON string
// without its quotes; empty if there is none.
func half(raw []byte) string {
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		first := unit(raw[i:])
		switch {
		case first < 0:
			i++ // skips the escaped character
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

// unit returns the UTF-16 code unit of the \u escape at the start of raw; -1 if there is
// none.
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

// diagnose turns an error of encoding/json into a *NotJSON.
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
			offset-- // back to the start of a word like true, false or null
		}
		found = scan(data[:offset])
	}
	return &NotJSON{Place: placeOf(data, offset), Cause: found.cause(data[offset:])}
}

// wrongByte returns the offset of the first wrong byte, or of the end if the JSON is cut
// off. encoding/json reports the same offset for a cut and for a wrong last byte; appending
// one more byte tells them apart.
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
