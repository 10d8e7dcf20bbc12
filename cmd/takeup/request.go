package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/video"
)

// order is a request as a person gives it: a prompt as an argument, in a file or
// on standard input, and the model's parameters as flags.
type order struct {
	parameters
	file string
}

func (o *order) flags(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&o.file, "file", "f", "", "a `file` with the prompt, or with a whole request where it ends in .json; - is standard input")
	o.parameters.flags(cmd)
}

// request makes the request, with every wrong field named before anything is
// started or sent.
func (o *order) request(w *world, args []string) (video.Request, error) {
	fields, err := o.fields()
	if err != nil {
		return video.Request{}, err
	}
	_, shots := fields["multi_prompt"]
	switch {
	case len(args) > 0 && o.file != "":
		return video.Request{}, &usageError{errors.New("give the prompt as an argument or in a file, not both")}
	case len(args) > 0:
		fields["prompt"] = args[0]
	case o.file != "":
		err = o.read(w, fields)
	case shots:
	case isTerminal(w.in):
		return video.Request{}, &usageError{errors.New("there is no prompt; give it as an argument, in a --file or on standard input")}
	default:
		err = readPrompt(w.in, fields)
	}
	if err != nil {
		return video.Request{}, err
	}
	if prompt, ok := fields["prompt"].(string); ok && !utf8.ValidString(prompt) {
		return video.Request{}, &video.InvalidRequest{Fields: []video.FieldError{{Field: "prompt", Message: "is not UTF-8; save it as UTF-8"}}}
	}
	data, err := json.Marshal(fields)
	if err != nil {
		return video.Request{}, fmt.Errorf("encoding the request: %w", err)
	}
	return video.ParseRequest(data)
}

// read adds what the file has to the fields. A flag wins over a field of a
// request in the file.
func (o *order) read(w *world, fields map[string]any) error {
	if o.file == "-" {
		return readPrompt(w.in, fields)
	}
	f, err := os.Open(o.file)
	if err != nil {
		return &usageError{fmt.Errorf("reading the prompt: %w", err)}
	}
	defer f.Close()
	if !strings.EqualFold(filepath.Ext(o.file), ".json") {
		return readPrompt(f, fields)
	}
	data, err := readSome(f)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var request map[string]any
	err = decoder.Decode(&request)
	if _, more := decoder.Token(); err != nil || more != io.EOF || !utf8.Valid(data) {
		_, err := video.ParseRequest(data) // it says what is wrong
		return err
	}
	for name, value := range request {
		if _, flag := fields[name]; !flag {
			fields[name] = value
		}
	}
	return nil
}

func readPrompt(from io.Reader, fields map[string]any) error {
	data, err := readSome(from)
	if err != nil {
		return err
	}
	// Editors and echo end the last line; that isn't part of the prompt.
	fields["prompt"] = strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
	return nil
}

// readSome reads a little more than any request may have, which is refused
// later for its size.
func readSome(from io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(from, 2*video.MaxRequestBytes))
	if err != nil {
		return nil, &usageError{fmt.Errorf("reading the prompt: %w", err)}
	}
	return bytes.TrimPrefix(data, []byte("\ufeff")), nil // some editors put a byte order mark first
}

// explain gives an error as people read it in a terminal: a refused request with
// a line for each wrong field. One among others stays among them.
func explain(err error) error {
	invalid, ok := err.(*video.InvalidRequest)
	if !ok {
		return err
	}
	said := "the request can't be sent as it is; nothing was sent or paid"
	for _, f := range invalid.Fields {
		said += "\n  " + strings.TrimSpace(f.Field+" "+f.Message)
	}
	return &explained{said: said, err: err}
}

// explained says an error in other words.
type explained struct {
	said string
	err  error
}

func (e *explained) Error() string { return e.said }

func (e *explained) Unwrap() error { return e.err }
