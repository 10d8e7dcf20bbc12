// Package prompts takes a file of prompts as the user gives it: with the flags that say how it is
// read, and in a format that the API takes.
package prompts

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/batch"
	"github.com/takeup/takeup/internal/batch/batchfile"
	"github.com/takeup/takeup/internal/cli/command"
	"github.com/takeup/takeup/internal/cli/flags"
	"github.com/takeup/takeup/internal/cli/request"
)

// atOnce is the default number of videos of a batch that are made at the same time.
const atOnce = 20

// Input has the flags of a file of prompts.
type Input struct {
	request.Parameters
	lines       bool
	Name        string
	Again       bool
	AtOnce      int
	MaxLines    int
	SkipInvalid bool
}

// AddFlags adds the flags to a command.
func (o *Input) AddFlags(cmd *cobra.Command) {
	set := cmd.Flags()
	set.BoolVar(&o.lines, "lines", false, "the file is text with a prompt per line")
	set.StringVar(&o.Name, "name", "", "the batch's `name`; by default the file's without its extension")
	flags.Complete(cmd, "name", nil)
	set.BoolVar(&o.Again, "again", false, "make all videos again, also those that exist")
	set.BoolVar(&o.SkipInvalid, "skip-invalid", false, "skip invalid lines")
	set.IntVar(&o.AtOnce, "at-once", atOnce, "how many `videos` of the batch are made at once")
	set.IntVar(&o.MaxLines, "max-lines", batchfile.DefaultLines, fmt.Sprintf("how many `lines` the file may have, up to %d", batchfile.MaxLines))
	o.Parameters.Flags(cmd)
}

// Options validates the flags.
func (o *Input) Options(file string) (batchfile.Options, error) {
	if o.Name == "" {
		o.Name = batch.NameOf(file)
	}
	if err := batch.CheckName(o.Name); err != nil {
		return batchfile.Options{}, command.Usagef("--name %w", err)
	}
	switch {
	case o.AtOnce < 1:
		return batchfile.Options{}, command.Usagef("--at-once must be at least 1")
	case o.MaxLines < 1 || o.MaxLines > batchfile.MaxLines:
		return batchfile.Options{}, command.Usagef("--max-lines must be from 1 to %d", batchfile.MaxLines)
	}
	fields, err := o.Fields()
	if err != nil {
		return batchfile.Options{}, err
	}
	format, err := batchfile.FormatOf(filepath.ToSlash(file))
	switch {
	case o.lines && err == nil:
		return batchfile.Options{}, command.Usagef("by its extension, %s is not text with a prompt per line; omit --lines, or name the file .txt", file)
	case o.lines:
		format = batchfile.Text
	case err != nil:
		return batchfile.Options{}, fmt.Errorf("%s: %w", file, withLines(err, file))
	}
	return batchfile.Options{Format: format, Fields: fields, Lines: o.MaxLines}, nil
}

// withLines adds the hint to give --lines to an error about a text file.
func withLines(err error, file string) error {
	if filepath.Ext(file) != ".txt" {
		return err
	}
	return &command.Reworded{Message: err.Error() + "; give --lines", Err: err}
}
