package batchfile

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"path"
	"strings"

	"github.com/takeup/takeup/internal/video"
)

// The limits of a file.
const (
	DefaultLines = 10_000   // where Options have none
	MaxLines     = 100_000  // the most that Options may have
	MaxBytes     = 64 << 20 // of the whole file
	MaxNamed     = 1_000    // the most wrong lines that are named

	maxCopies = 20
	maxLabel  = 100 // characters
	// maxLine is the most bytes of a line, which may be several in a text in quotes.
	// Quotes and line ends within a request of the largest size fit in.
	maxLine = 2 * video.MaxRequestBytes
	// maxFields is the most wrong fields of a line that are named.
	maxFields = 5
)

// Format is how a file is written.
type Format string

// The formats.
const (
	CSV   Format = "csv"
	JSONL Format = "jsonl"
	Text  Format = "text" // a prompt a line
)

// FormatOf gives a file's format by the extension of its name, in any case. Text has no
// extension of its own, since a text file is one prompt elsewhere. The error is an
// *Unusable that says what to do.
func FormatOf(name string) (Format, error) {
	switch extension := strings.ToLower(path.Ext(name)); extension {
	case ".csv", ".tsv":
		return CSV, nil
	case ".jsonl", ".ndjson":
		return JSONL, nil
	case ".xlsx", ".xls", ".ods", ".numbers":
		return "", &Unusable{Reason: fmt.Sprintf("ends in %s; save the sheet as CSV in UTF-8", extension)}
	case ".json":
		return "", &Unusable{Reason: "ends in .json, which is one request; write a request object a line, and name it .jsonl"}
	case ".txt":
		return "", &Unusable{Reason: "ends in .txt, which is one prompt; say that it has a prompt a line, or make it CSV with the header prompt"}
	case "":
		return "", &Unusable{Reason: "has no extension; it takes .csv, .tsv or .jsonl"}
	default:
		return "", &Unusable{Reason: fmt.Sprintf("ends in %.20q; it takes .csv, .tsv or .jsonl", extension)}
	}
}

// Options are what is said of a whole file.
type Options struct {
	Format Format
	// Fields are the request's fields of each line that doesn't have its own.
	Fields map[string]any
	// Lines is the most lines that the file may have; 0 is DefaultLines.
	Lines int
}

// Line is a line that is right.
type Line struct {
	Number  int // of the file, from 1, as editors count; where the line begins
	Row     int // of a sheet, from 1 with the header; 0 where there is no sheet
	Request video.Request
	Copies  int    // how many videos are made of it; 1 to 20
	Label   string // one line of text; empty where it has none
}

// Wrong is a line that can't be used. The next one is read.
type Wrong struct {
	Number int                `json:"line"`
	Row    int                `json:"row,omitempty"` // of a sheet
	Fields []video.FieldError `json:"errors"`        // the first five; empty after MaxNamed lines
	// Quotes says that a quote is missing or too many. The lines around it may be
	// parts of one, so what is right with them isn't known.
	Quotes bool `json:"quotes,omitempty"`
}

func (e *Wrong) Error() string {
	said := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		said[i] = strings.TrimSpace(f.Field + " " + f.Message)
	}
	at := fmt.Sprintf("line %d", e.Number)
	if e.Row > 0 && e.Row != e.Number {
		at += fmt.Sprintf(" (row %d)", e.Row)
	}
	return at + ": " + strings.Join(said, "; ")
}

// Unusable says what is wrong with a file as a whole. Nothing is read after it.
type Unusable struct {
	Line   int    // that it is seen at; 0: the file
	Reason string // follows "the file"
}

func (e *Unusable) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("the file, in line %d, %s", e.Line, e.Reason)
	}
	return "the file " + e.Reason
}

// Lines reads a file. Each turn has a line, or an error: a *Wrong is of one line, and
// the next turn has the next; an *Unusable, or an error of the reader, is the last.
func Lines(from io.Reader, o Options) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		if o.Lines == 0 {
			o.Lines = DefaultLines
		}
		s := newSource(from)
		next, err := opened(s, o)
		wrong := 0
		for n := 1; err == nil; n++ {
			var line Line
			line, err = next(wrong < MaxNamed)
			var bad *Wrong
			switch {
			case errors.Is(err, io.EOF) && n == 1:
				err = &Unusable{Reason: "has no prompts"}
			case errors.Is(err, io.EOF):
				return
			case err == nil, errors.As(err, &bad):
				if n > o.Lines {
					err = &Unusable{Reason: fmt.Sprintf("has more lines than the %d that are taken; make several of it", o.Lines)}
					break
				}
				if bad != nil {
					wrong++
				}
				if !yield(line, err) {
					return
				}
				err = nil
			}
		}
		yield(Line{}, err)
	}
}

// opened looks at the beginning of a file, and gives what reads its next line. That is
// told whether a wrong line is to be explained.
func opened(s *source, o Options) (func(explain bool) (Line, error), error) {
	if err := s.open(); err != nil {
		return nil, err
	}
	switch o.Format {
	case CSV:
		return newSheet(s, o.Fields)
	case JSONL:
		return newObjects(s, o.Fields)
	}
	return func(explain bool) (Line, error) { return nextPrompt(s, o.Fields, explain) }, nil
}
