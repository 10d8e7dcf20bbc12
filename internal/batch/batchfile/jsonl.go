package batchfile

import (
	"bytes"
	"errors"
	"strings"

	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/text"
	"github.com/takeup/takeup/internal/video"
)

// newObjects returns a reader for the lines of a JSONL file. It refuses JSON that is
// written over several lines, since each line would be wrong.
func newObjects(s *source, fields map[string]any) (func(bool) (Line, error), error) {
	head, _ := s.r.Peek(headBytes) // the next read returns the error again
	first, _, more := bytes.Cut(bytes.TrimLeft(head, " \t\r\n"), []byte("\n"))
	switch first = bytes.TrimSpace(first); {
	case bytes.HasPrefix(first, []byte("[")):
		return nil, &Unusable{Reason: "begins with a list; write one object per line, without the brackets and the commas, as jq -c '.[]' does"}
	case more && string(first) == "{":
		return nil, &Unusable{Reason: "has an object over several lines; write one a line, as jq -c . does"}
	}
	return func(explain bool) (Line, error) { return nextObject(s, fields, explain) }, nil
}

func nextObject(s *source, fields map[string]any, explain bool) (Line, error) {
	decoded, at, err := nextText(s, "", explain)
	if err != nil {
		return Line{}, err
	}
	object, faults, err := text.Object(decoded)
	if explain && (err != nil || len(faults) > 0) && at.Number <= MaxLines {
		// With the lines before it, places in the messages are those of the file.
		object, faults, err = text.Object(strings.Repeat("\n", at.Number-1) + decoded)
	}
	if err != nil {
		return Line{}, wrong(explain, at.Number, 0, false, video.FieldError{Message: err.Error()})
	}
	for name := range object {
		object[name] = unixLines(object[name])
	}
	return lineOf(catalogue.DraftOf(object, faults), fields, explain, at)
}

// unixLines converts the line ends of a value's texts to those of CSV, so that a converted
// file has the same requests.
func unixLines(value any) any {
	switch v := value.(type) {
	case string:
		return strings.ReplaceAll(strings.ReplaceAll(v, "\r\n", "\n"), "\r", "\n")
	case []any:
		for i := range v {
			v[i] = unixLines(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = unixLines(v[name])
		}
	}
	return value
}

// nextPrompt reads the next line of a file with one prompt per line.
func nextPrompt(s *source, fields map[string]any, explain bool) (Line, error) {
	prompt, at, err := nextText(s, "prompt", explain)
	if err != nil {
		return Line{}, err
	}
	return lineOf(catalogue.Draft{Fields: map[string]any{"prompt": prompt}}, fields, explain, at)
}

// nextText reads the next line that isn't blank, and returns its text and place. Faults are
// attributed to the field.
func nextText(s *source, field string, explain bool) (string, Line, error) {
	for {
		at := Line{Number: s.line}
		raw, long, err := s.readLine()
		switch {
		case err != nil:
			return "", at, err
		case long:
			return "", at, wrong(explain, at.Number, 0, false, video.FieldError{Message: tooLong()})
		case len(raw) == 0:
			continue
		}
		decoded, err := text.Decode(raw)
		var not *text.NotUTF8
		if errors.As(err, &not) {
			return "", at, wrong(explain, at.Number, 0, false, video.FieldError{Field: field, Message: notUTF8(not)})
		}
		if strings.TrimSpace(decoded) != "" {
			return decoded, at, nil
		}
	}
}
