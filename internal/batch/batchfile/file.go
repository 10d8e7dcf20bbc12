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
	DefaultLines = 10_000   // if Options set none
	MaxLines     = 100_000  // the most that Options may set
	MaxBytes     = 64 << 20 // of the whole file
	MaxNamed     = 1_000    // the most wrong lines that are described

	maxCopies = 20
	maxLabel  = 100 // characters
	// maxLine is the most bytes of a record, which has several lines if a text in quotes
	// does. It leaves room for quotes and line ends within a request of the largest size.
	maxLine = 2 * video.MaxRequestBytes
	// maxFields is the most wrong fields of a line that are described.
	maxFields = 5
)

// Format is the format of a file.
type Format string

// The formats.
const (
	CSV   Format = "csv"
	JSONL Format = "jsonl"
	Text  Format = "text" // one prompt per line
)

// FormatOf returns a file's format by the extension of its name, ignoring case. Text has no
// extension of its own, since elsewhere a text file is one prompt. The error is an
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

// Options apply to a whole file.
type Options struct {
	Format Format
	// Fields are request fields for the lines that don't have them.
	Fields map[string]any
	// Lines limits the lines of the file; 0 is DefaultLines.
	Lines int
}

// Line is a valid line.
type Line struct {
	Number  int // where the line begins in the file, from 1, as editors count
	Row     int // of a sheet, from 1 with the header; 0 if there is no sheet
	Request video.Request
	Copies  int    // how many videos to make of it; 1 to 20
	Label   string // one line of text; may be empty
}

// Wrong is a line that can't be used. Reading continues with the next one.
type Wrong struct {
	Number int                `json:"line"`
	Row    int                `json:"row,omitempty"` // of a sheet
	Fields []video.FieldError `json:"errors"`        // the first five; empty after MaxNamed lines
	// Quotes says that there is a missing or an extra quote. The lines around it may be
	// parts of one line, so valid lines may be misread too.
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
	Line   int    // where the fault was found; 0: the whole file
	Reason string // follows "the file"
}

func (e *Unusable) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("the file, in line %d, %s", e.Line, e.Reason)
	}
	return "the file " + e.Reason
}

// Lines reads a file. Each iteration yields a line or an error. A *Wrong is about one line,
// and the iteration continues with the next; an *Unusable, or an error of the reader, is
// the last.
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

// opened checks the beginning of a file, and returns a function that reads the next line.
// Its argument says whether to describe a wrong line.
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
