package prompts

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/batch/batchfile"
	"github.com/takeup/takeup/internal/cli/command"
)

// Upload is a file in a format that the API takes. Close removes what was made of it.
type Upload struct {
	*os.File
	Filename, Format string
	Size             int64
	made             bool
}

// Open opens a file for the upload. A text file becomes JSON Lines, with each prompt in the
// line where it was. Invalid lines of it, which are skipped, are empty there.
func Open(file string, options batchfile.Options) (*Upload, error) {
	from, err := os.Open(file)
	if err != nil {
		return nil, command.Usagef("reading the prompts: %w", err)
	}
	u := &Upload{File: from, Filename: filepath.Base(file), Format: string(options.Format)}
	if options.Format == batchfile.Text {
		if u, err = converted(from, options); err != nil {
			return nil, err
		}
	}
	info, err := u.Stat()
	if err != nil {
		return nil, errors.Join(err, u.Close())
	}
	u.Size = info.Size()
	return u, nil
}

// converted makes JSON Lines of a text file, and closes it.
func converted(from *os.File, options batchfile.Options) (*Upload, error) {
	defer from.Close()
	to, err := os.CreateTemp("", "takeup-*.jsonl")
	if err != nil {
		return nil, fmt.Errorf("preparing the upload: %w", err)
	}
	u := &Upload{File: to, Filename: "prompts.jsonl", Format: api.BatchJSONL, made: true}
	if err := convert(to, from, options); err != nil {
		return nil, errors.Join(fmt.Errorf("preparing the upload: %w", err), u.Close())
	}
	return u, nil
}

func convert(to io.Writer, from io.Reader, options batchfile.Options) error {
	out := bufio.NewWriter(to)
	next := 1
	for line, err := range batchfile.Lines(from, options) {
		var wrong *batchfile.Wrong
		switch {
		case errors.As(err, &wrong):
			continue
		case err != nil:
			return err
		}
		for ; next < line.Number; next++ {
			if err := out.WriteByte('\n'); err != nil {
				return err
			}
		}
		if _, err := out.Write(line.Request.Whole()); err != nil {
			return err
		}
	}
	if err := out.WriteByte('\n'); err != nil {
		return err
	}
	return out.Flush()
}

// Close closes the file.
func (u *Upload) Close() error {
	err := u.File.Close()
	if u.made {
		err = errors.Join(err, os.Remove(u.Name()))
	}
	return err
}
