package batchfile

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/takeup/takeup/internal/video"
)

// record is a row of a sheet.
type record struct {
	number int // of the line where it begins
	cells  []string
	wrong  string // what is wrong with its quotes or its length; cells is then empty
	quotes bool   // the quotes are wrong
	open   bool   // a quote is never closed: what follows is ambiguous
}

// blank reports whether all cells are empty or have only spaces.
func (r record) blank() bool {
	for _, cell := range r.cells {
		if strings.TrimSpace(cell) != "" {
			return false
		}
	}
	return r.wrong == ""
}

// records reads CSV by RFC 4180, and accepts spaces around a text's quotes. At a misplaced
// quote it reports the fault and reads on as spreadsheets do, so that it most likely finds
// the next records. No record takes more memory than maxLine.
// https://www.rfc-editor.org/rfc/rfc4180
type records struct {
	*source
	comma byte // between two cells; 0: one cell per line
}

// state is the position of a byte in a cell.
type state int

const (
	begun  state = iota // only spaces so far
	plain               // in a text without quotes
	quoted              // in a text in quotes
	closed              // after a quote that may end it
	ended               // after that quote and a space
)

// next returns the next record, or io.EOF.
func (r *records) next() (record, error) {
	c := cells{comma: r.comma, record: record{number: r.line}, line: r.line}
	for n := 0; ; n++ {
		b, err := r.source.next()
		switch {
		case errors.Is(err, io.EOF) && n == 0:
			return record{}, io.EOF
		case errors.Is(err, io.EOF):
			return c.end("that is never closed"), nil
		case err != nil:
			return record{}, err
		case b == '\n' && n == 0:
			return c.record, nil
		case b == '\n' && c.state != quoted:
			return c.end(""), nil
		case n >= maxLine && c.state == quoted:
			return c.end(fmt.Sprintf("that is not closed within %d KiB", maxLine>>10)), nil
		case n >= maxLine:
			c.fault(tooLong(), false)
			if err := r.skip(); err != nil && !errors.Is(err, io.EOF) {
				return record{}, err
			}
		default:
			c.add(b)
		}
	}
}

// cells is a record being parsed.
type cells struct {
	record
	comma        byte
	state        state
	text         []byte // of the current cell
	line, column int    // of the next byte; columns are characters, from 0
	from         string // where the quotes of the cell begin
}

// fault records the first fault.
func (c *cells) fault(what string, quotes bool) {
	if c.wrong == "" {
		c.wrong, c.quotes = what, quotes
	}
}

// place returns the place of the last byte read.
func (c *cells) place() string {
	if c.line == c.number {
		return fmt.Sprintf("character %d", c.column)
	}
	return fmt.Sprintf("line %d, character %d", c.line, c.column)
}

func (c *cells) add(b byte) {
	if utf8.RuneStart(b) {
		c.column++
	}
	switch c.state {
	case begun, plain:
		c.unquoted(b)
	case quoted:
		switch b {
		case '"':
			c.state = closed
		case '\n':
			c.line, c.column = c.line+1, 0
			fallthrough
		default:
			c.text = append(c.text, b)
		}
	case closed, ended:
		switch {
		case b == '"' && c.state == closed:
			c.text, c.state = append(c.text, b), quoted
		case b == c.comma && b != 0:
			c.close()
		case b == ' ' || b == '\t':
			c.state = ended
		default:
			c.fault(`has a quote within a text in quotes, before `+c.place()+`; write it twice, as ""`, true)
			c.text, c.state = append(c.text, '"', b), quoted
		}
	}
}

// unquoted adds a byte to a text without quotes.
func (c *cells) unquoted(b byte) {
	switch {
	case b == c.comma && b != 0:
		c.close()
		return
	case b == '"' && c.state == begun:
		c.text, c.state, c.from = nil, quoted, c.place()
		return
	case b == '"' && c.comma != 0:
		c.fault(`has a quote within a text that has none around it, at `+c.place()+`; put quotes around the text, and write the one within twice, as ""`, true)
	}
	c.text = append(c.text, b)
	if b != ' ' && b != '\t' {
		c.state = plain
	}
}

// close ends a cell.
func (c *cells) close() {
	c.cells = append(c.cells, string(c.text))
	c.text, c.state = c.text[:0], begun
}

// end ends the record. unclosed describes a quote that is still open.
func (c *cells) end(unclosed string) record {
	if c.state == quoted {
		c.fault(fmt.Sprintf("has a quote at %s %s; close it, or take it out", c.from, unclosed), true)
		c.open = true
	}
	c.close()
	if c.wrong != "" {
		c.cells = nil
	}
	return c.record
}

// sheet reads the lines of a CSV file.
type sheet struct {
	records records
	columns []string       // the field of each column; empty for a column without a name
	fields  map[string]any // defaults for lines without these fields
	row     int            // the last row read
}

// next returns the next line, or io.EOF.
func (s *sheet) next(explain bool) (Line, error) {
	for {
		r, err := s.records.next()
		s.row++
		switch {
		case err != nil:
			return Line{}, err
		case r.blank():
		case r.open:
			return Line{}, &Unusable{Line: r.number, Reason: r.wrong + ". What comes after it is not read"}
		case r.wrong != "":
			return Line{}, wrong(explain, r.number, s.row, r.quotes, video.FieldError{Message: r.wrong})
		default:
			d, faults := s.draft(r)
			if d.Fields == nil {
				return Line{}, wrong(explain, r.number, s.row, false, faults...)
			}
			return lineOf(d, s.fields, explain, Line{Number: r.number, Row: s.row}, faults...)
		}
	}
}

// wrong returns a *Wrong.
func wrong(explain bool, number, row int, quotes bool, fields ...video.FieldError) error {
	e := &Wrong{Number: number, Row: row, Quotes: quotes}
	if !explain {
		return e
	}
	if more := len(fields) - maxFields; more > 0 {
		fields = append(fields[:maxFields:maxFields], video.FieldError{Message: fmt.Sprintf("%d more fields are wrong", more)})
	}
	e.Fields = fields
	return e
}
