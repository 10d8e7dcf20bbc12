package cli

import (
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

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
	draft := video.Draft{Fields: map[string]any{}}
	_, shots := fields["multi_prompt"]
	switch {
	case len(args) > 0 && o.file != "":
		return video.Request{}, usagef("give the prompt as an argument or in a file, not both")
	case len(args) > 0:
		fields["prompt"] = args[0]
	case o.file != "":
		draft, err = o.read(w)
	case shots:
	case isTerminal(w.in):
		return video.Request{}, usagef("there is no prompt; give it as an argument, in a --file or on standard input")
	default:
		draft, err = readPrompt(w, w.in)
	}
	if err != nil {
		return video.Request{}, err
	}
	maps.Copy(draft.Fields, fields) // a flag wins over a field of a request in a file
	return draft.Request()
}

// read reads the file.
func (o *order) read(w *world) (video.Draft, error) {
	if o.file == "-" {
		return readPrompt(w, w.in)
	}
	f, err := os.Open(o.file)
	if err != nil {
		return video.Draft{}, usagef("reading the prompt: %w", err)
	}
	defer f.Close()
	if !strings.EqualFold(filepath.Ext(o.file), ".json") {
		return readPrompt(w, f)
	}
	data, err := readSome(f)
	if err != nil {
		return video.Draft{}, err
	}
	return video.ReadDraft(data)
}

// readPrompt reads a prompt, and says so where it may be meant as several.
func readPrompt(w *world, from io.Reader) (video.Draft, error) {
	data, err := readSome(from)
	if err != nil {
		return video.Draft{}, err
	}
	prompt, err := video.ReadPrompt(data)
	if err != nil {
		return video.Draft{}, err
	}
	if n := text.Lines(prompt); n > 1 {
		fmt.Fprintf(w.err, "the text has %d lines; they are one prompt, for one video\n", n)
	}
	return video.Draft{Fields: map[string]any{"prompt": prompt}}, nil
}

// readSome reads a little more than any request may have, which is refused
// later for its size.
func readSome(from io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(from, 2*video.MaxRequestBytes))
	if err != nil {
		return nil, usagef("reading the prompt: %w", err)
	}
	return data, nil
}
