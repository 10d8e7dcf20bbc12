package promptfile

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/video"
)

// maxBytes is the size limit of a file.
const maxBytes = video.MaxRequestBytes

// unusable says why a file can't be used: the reason, and the wrong fields if it is a
// request. It is written to rejected/.
type unusable struct {
	reason string
	fields []video.FieldError
}

func (e *unusable) Error() string { return e.reason }

// refusal returns the outcome of the job that was not started for the file.
func (e *unusable) refusal() *video.InvalidRequest {
	if len(e.fields) > 0 {
		return &video.InvalidRequest{Fields: e.fields}
	}
	return &video.InvalidRequest{Fields: []video.FieldError{{Message: e.reason}}}
}

// kind is how a file is parsed, by the extension of its key, ignoring case.
type kind string

const (
	text   kind = ".txt"
	object kind = ".json"
)

func kindOf(key string) (kind, error) {
	switch extension := kind(strings.ToLower(path.Ext(key))); extension {
	case text, object:
		return extension, nil
	case "":
		return "", &unusable{reason: "the file has no extension; upload a prompt as .txt, a request object as .json, or many of them as .csv or .jsonl"}
	default:
		return "", &unusable{reason: fmt.Sprintf("the file ends in %.20q; upload a prompt as .txt, a request object as .json, or many of them as .csv or .jsonl", string(extension))}
	}
}

// parse parses a file as a request. Its error is an *unusable.
func parse(k kind, content []byte) (video.Request, error) {
	if len(content) > maxBytes {
		return video.Request{}, &unusable{reason: fmt.Sprintf("the file is larger than %d KiB; a prompt file is at most that", maxBytes>>10)}
	}
	var r video.Request
	var err error
	if k == text {
		var prompt string
		if prompt, err = catalogue.ReadPrompt(content); err == nil {
			r, err = catalogue.OfPrompt(all.Models(), prompt)
		}
	} else {
		r, err = catalogue.Parse(all.Models(), content)
	}
	if err != nil {
		return video.Request{}, refused(err)
	}
	return r, nil
}

func refused(err error) error {
	var invalid *video.InvalidRequest
	if errors.As(err, &invalid) {
		return &unusable{reason: invalid.Error(), fields: invalid.Fields}
	}
	return &unusable{reason: err.Error()}
}
