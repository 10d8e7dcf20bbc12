package cli

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/providers"
	"github.com/takeup/takeup/internal/text"
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
	draft := catalogue.Draft{Fields: map[string]any{}}
	_, shots := fields["multi_prompt"]
	switch {
	case len(args) > 0 && o.file != "":
		return video.Request{}, &usageError{errors.New("give the prompt as an argument or in a file, not both")}
	case len(args) > 0:
		fields["prompt"] = args[0]
	case o.file != "":
		draft, err = o.read(w)
	case shots:
	case isTerminal(w.in):
		return video.Request{}, &usageError{errors.New("there is no prompt; give it as an argument, in a --file or on standard input")}
	default:
		draft, err = readPrompt(w, w.in)
	}
	if err != nil {
		return video.Request{}, err
	}
	maps.Copy(draft.Fields, fields) // a flag wins over a field of a request in a file
	return draft.Request(providers.Models())
}

// read reads the file.
func (o *order) read(w *world) (catalogue.Draft, error) {
	if o.file == "-" {
		return readPrompt(w, w.in)
	}
	f, err := os.Open(o.file)
	if err != nil {
		return catalogue.Draft{}, &usageError{fmt.Errorf("reading the prompt: %w", err)}
	}
	defer f.Close()
	if !strings.EqualFold(filepath.Ext(o.file), ".json") {
		return readPrompt(w, f)
	}
	data, err := readSome(f)
	if err != nil {
		return catalogue.Draft{}, err
	}
	return catalogue.ReadDraft(data)
}

// readPrompt reads a prompt, and says so where it may be meant as several.
func readPrompt(w *world, from io.Reader) (catalogue.Draft, error) {
	data, err := readSome(from)
	if err != nil {
		return catalogue.Draft{}, err
	}
	prompt, err := catalogue.ReadPrompt(data)
	if err != nil {
		return catalogue.Draft{}, err
	}
	if n := text.Lines(prompt); n > 1 {
		fmt.Fprintf(w.err, "the text has %d lines; they are one prompt, for one video\n", n)
	}
	return catalogue.Draft{Fields: map[string]any{"prompt": prompt}}, nil
}

// readSome reads a little more than any request may have, which is refused
// later for its size.
func readSome(from io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(from, 2*video.MaxRequestBytes))
	if err != nil {
		return nil, &usageError{fmt.Errorf("reading the prompt: %w", err)}
	}
	return data, nil
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
