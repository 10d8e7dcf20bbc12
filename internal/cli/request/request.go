// Package request builds a request for a video from a command line: a prompt as an argument, in
// a file or on standard input, and the model's parameters as flags.
package request

import (
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/cli/command"
	"github.com/takeup/takeup/internal/cli/term"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/text"
	"github.com/takeup/takeup/internal/video"
)

// Input has the flags of a request. The prompt is an argument, in a file or on standard
// input.
type Input struct {
	Parameters
	File string
}

// Flags adds the flags.
func (o *Input) Flags(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&o.File, "file", "f", "", "a `file` with the prompt, or with a whole request if its name ends in .json; - is standard input")
	o.Parameters.Flags(cmd)
}

// Request builds the request. A *video.InvalidRequest names every invalid field.
func (o *Input) Request(env *command.Env, args []string) (video.Request, error) {
	fields, err := o.Fields()
	if err != nil {
		return video.Request{}, err
	}
	draft := catalogue.Draft{Fields: map[string]any{}}
	_, shots := fields["multi_prompt"]
	switch {
	case len(args) > 0 && o.File != "":
		return video.Request{}, command.Usagef("give the prompt as an argument or in a file, not both")
	case len(args) > 0:
		fields["prompt"] = args[0]
	case o.File != "":
		draft, err = o.read(env)
	case shots:
	case term.IsTerminal(env.In):
		return video.Request{}, command.Usagef("there is no prompt; give it as an argument, in a --file or on standard input")
	default:
		draft, err = readPrompt(env, env.In)
	}
	if err != nil {
		return video.Request{}, err
	}
	maps.Copy(draft.Fields, fields) // flags override the fields of a file
	return draft.Request(all.Models())
}

// read reads the file.
func (o *Input) read(env *command.Env) (catalogue.Draft, error) {
	if o.File == "-" {
		return readPrompt(env, env.In)
	}
	f, err := os.Open(o.File)
	if err != nil {
		return catalogue.Draft{}, command.Usagef("reading the prompt: %w", err)
	}
	defer f.Close()
	if !strings.EqualFold(filepath.Ext(o.File), ".json") {
		return readPrompt(env, f)
	}
	data, err := readSome(f)
	if err != nil {
		return catalogue.Draft{}, err
	}
	return catalogue.ReadDraft(data)
}

// readPrompt reads a prompt. It prints a note if the text may be meant as several prompts.
func readPrompt(env *command.Env, from io.Reader) (catalogue.Draft, error) {
	data, err := readSome(from)
	if err != nil {
		return catalogue.Draft{}, err
	}
	prompt, err := catalogue.ReadPrompt(data)
	if err != nil {
		return catalogue.Draft{}, err
	}
	if n := text.Lines(prompt); n > 1 {
		fmt.Fprintf(env.Err, "the text has %d lines; they are one prompt for one video\n", n)
	}
	return catalogue.Draft{Fields: map[string]any{"prompt": prompt}}, nil
}

// readSome reads at most twice what a request may have, so that a larger one is refused for its
// size.
func readSome(from io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(from, 2*video.MaxRequestBytes))
	if err != nil {
		return nil, command.Usagef("reading the prompt: %w", err)
	}
	return data, nil
}
