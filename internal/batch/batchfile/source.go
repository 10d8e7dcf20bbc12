package batchfile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/takeup/takeup/internal/text"
)

// headBytes is how much of a file's beginning is examined before reading it.
const headBytes = 64 << 10

// mark is UTF-8's byte order mark.
const mark = "\ufeff"

// source reads the bytes of a file, with each line end (LF, CRLF or CR) as one \n.
type source struct {
	limited *io.LimitedReader
	r       *bufio.Reader
	line    int // of the next byte
}

func newSource(from io.Reader) *source {
	limited := &io.LimitedReader{R: from, N: MaxBytes + 1}
	return &source{limited: limited, r: bufio.NewReaderSize(limited, headBytes), line: 1}
}

// open checks the encoding at the beginning of a file, and skips the byte order mark.
func (s *source) open() error {
	head, err := s.r.Peek(headBytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	for prefix, is := range map[string]string{
		"PK\x03\x04":       "is a workbook or another zip file; save the sheet as CSV in UTF-8",
		"\xd0\xcf\x11\xe0": "is an old workbook; save the sheet as CSV in UTF-8",
		"\x1f\x8b":         "is compressed with gzip; decompress it",
		"%PDF":             "is a PDF; save the texts as CSV in UTF-8",
	} {
		if bytes.HasPrefix(head, []byte(prefix)) {
			return &Unusable{Reason: is}
		}
	}
	if len(head) == headBytes {
		head = whole(head)
	}
	var not *text.NotUTF8
	if _, err := text.Decode(head); errors.As(err, &not) && not.Looks != "" {
		wrong := &Unusable{Reason: not.Error()}
		if !strings.HasPrefix(not.Looks, "UTF-") {
			wrong.Line = firstInvalid(head)
		}
		return wrong
	}
	if bytes.HasPrefix(head, []byte(mark)) {
		_, err = s.r.Discard(len(mark))
		return err
	}
	return nil
}

// firstInvalid returns the line of the first byte that is not UTF-8; 0 if there is none.
func firstInvalid(head []byte) int {
	lines := newSource(bytes.NewReader(head))
	for {
		number := lines.line
		line, _, err := lines.readLine()
		if err != nil {
			return 0
		}
		if !utf8.Valid(line) {
			return number
		}
	}
}

// whole drops a character that is cut off at the end.
func whole(head []byte) []byte {
	for n := range min(utf8.UTFMax, len(head)) {
		if last := head[len(head)-1-n:]; utf8.RuneStart(last[0]) {
			if !utf8.FullRune(last) {
				return head[:len(head)-1-n]
			}
			break
		}
	}
	return head
}

// next returns the next byte, or io.EOF.
func (s *source) next() (byte, error) {
	b, err := s.r.ReadByte()
	switch {
	case s.limited.N == 0:
		return 0, &Unusable{Reason: fmt.Sprintf("is larger than %d MiB; make several of it", MaxBytes>>20)}
	case err != nil:
		return 0, err
	case b > '\r':
		return b, nil
	case b == '\r':
		if after, err := s.r.Peek(1); err == nil && after[0] == '\n' {
			_, err = s.r.Discard(1)
			if err != nil {
				return 0, err
			}
		}
		b = '\n'
	}
	if b == '\n' {
		s.line++
	}
	return b, nil
}

// skip drops the rest of the line, up to its end.
func (s *source) skip() error {
	for {
		if _, err := s.r.Peek(1); err != nil {
			return err
		}
		rest, err := s.r.Peek(s.r.Buffered())
		if err != nil {
			return err
		}
		n := bytes.IndexAny(rest, "\r\n")
		if n >= 0 {
			rest = rest[:n]
		}
		if _, err := s.r.Discard(len(rest)); err != nil || n >= 0 {
			return err
		}
	}
}

// readLine returns the next line without its end, or io.EOF. If the line is longer than
// maxLine, it returns the beginning and true.
func (s *source) readLine() (line []byte, long bool, err error) {
	for n := 0; ; n++ {
		b, err := s.next()
		switch {
		case errors.Is(err, io.EOF) && n > 0, err == nil && b == '\n':
			return line, long, nil
		case err != nil:
			return nil, false, err
		case len(line) < maxLine:
			line = append(line, b)
			continue
		}
		long = true
		if err := s.skip(); err != nil && !errors.Is(err, io.EOF) {
			return nil, false, err
		}
	}
}

// tooLong returns the message for a line that is too long.
func tooLong() string {
	return fmt.Sprintf("is longer than %d KiB; shorten it", maxLine>>10)
}
