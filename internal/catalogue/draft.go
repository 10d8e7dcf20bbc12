package catalogue

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/takeup/takeup/internal/text"
	"github.com/takeup/takeup/internal/video"
)

// Parse parses a request object in UTF-8. It accepts what the provider accepts as the same
// request: "ratio" for "aspect_ratio", a number written as a string, null for an omitted
// field. The model may be omitted, and each U+FEFF is dropped. If the request can't be
// sent, the error is an *video.InvalidRequest that lists all wrong fields, up to a limit.
//
// The size limit, video.MaxRequestBytes, applies to the request's canonical form, however
// long data is: Step Functions rewrites the input of an execution, and escaping makes
// characters up to six times as long.
func Parse(models Models, data []byte) (video.Request, error) {
	d, err := readDraft(data)
	if err != nil {
		return video.Request{}, err
	}
	return d.Request(models)
}

// Draft is a request object as it was written, with unchecked values.
type Draft struct {
	// Fields are the object's fields, decoded from JSON, with numbers as json.Number. They
	// may be changed.
	Fields map[string]any
	faults []video.FieldError // faults that only show in the JSON text
}

// ReadDraft parses a request object as far as is possible without its model. Its error is
// an *video.InvalidRequest: the data is too large, not UTF-8, not JSON or not an object.
func ReadDraft(data []byte) (Draft, error) {
	if err := fits(data); err != nil {
		return Draft{}, err
	}
	return readDraft(data)
}

func readDraft(data []byte) (Draft, error) {
	s, err := text.Decode(data)
	if err != nil {
		return Draft{}, invalid("", "the request "+err.Error())
	}
	fields, faults, err := text.Object(s)
	var other *text.NotObject
	if errors.As(err, &other) {
		return Draft{}, invalid("", "the request "+err.Error()+`; it takes one such as {"prompt": "a paper boat crosses a flooded street"}`)
	}
	if err != nil {
		return Draft{}, invalid("", "the request "+err.Error())
	}
	return DraftOf(fields, faults), nil
}

// DraftOf returns the Draft of a request object that text.Object returned.
func DraftOf(fields map[string]any, faults []text.Fault) Draft {
	d := Draft{Fields: fields}
	for _, f := range faults {
		d.faults = append(d.faults, video.FieldError{Field: shown(f.Path), Message: f.Message})
	}
	return d
}

// Request checks the draft against its model, and fills in the model's defaults. Its error
// is an *InvalidRequest that lists the wrong fields.
func (d Draft) Request(models Models) (video.Request, error) {
	values, wrong := validate(models, d.Fields)
	// A fault in the JSON text says more than a fault in the value that resulted from it.
	wrong = slices.DeleteFunc(wrong, func(f video.FieldError) bool {
		return slices.ContainsFunc(d.faults, func(fault video.FieldError) bool { return fault.Field == f.Field })
	})
	if wrong = limited(append(slices.Clone(d.faults), wrong...)); len(wrong) > 0 {
		return video.Request{}, &video.InvalidRequest{Fields: wrong}
	}
	r := video.RequestOf(values)
	if n := r.Size(); n > video.MaxRequestBytes {
		return video.Request{}, invalid("", fmt.Sprintf("the request is %d bytes as JSON; at most %d are taken", n, video.MaxRequestBytes))
	}
	return r, nil
}

// OfPrompt is like Parse for a prompt alone, with the default model.
func OfPrompt(models Models, prompt string) (video.Request, error) {
	return Draft{Fields: map[string]any{"prompt": prompt}}.Request(models)
}

// ReadPrompt parses the bytes of a text file as one prompt. It drops the end of the last
// line, which editors write. Its error is an *video.InvalidRequest: the data is too large
// or not UTF-8.
func ReadPrompt(data []byte) (string, error) {
	if err := fits(data); err != nil {
		return "", err
	}
	prompt, err := text.Decode(data)
	if err != nil {
		return "", invalid("prompt", err.Error())
	}
	return strings.TrimSuffix(strings.TrimSuffix(prompt, "\n"), "\r"), nil
}

func fits(data []byte) error {
	if len(data) <= video.MaxRequestBytes {
		return nil
	}
	return invalid("", fmt.Sprintf("the request is %d bytes; at most %d are taken", len(data), video.MaxRequestBytes))
}

func invalid(field, message string) *video.InvalidRequest {
	return &video.InvalidRequest{Fields: []video.FieldError{{Field: field, Message: message}}}
}
