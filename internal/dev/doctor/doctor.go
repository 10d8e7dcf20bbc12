// Package doctor checks what a Takeup stack needs and says how to fix what is wrong. It changes
// nothing and pays for nothing.
package doctor

import (
	"errors"
	"fmt"
	"io"

	"github.com/aws/smithy-go"

	"github.com/takeup/takeup/internal/video"
)

// Line is the result of one check.
type Line struct {
	Check  string `json:"check"`
	OK     bool   `json:"ok"`
	Found  string `json:"found"`
	ToDo   string `json:"to_do,omitempty"`  // if it is not ok
	Reason string `json:"reason,omitempty"` // the error's message
}

func ok(check, format string, args ...any) Line {
	return Line{Check: check, OK: true, Found: fmt.Sprintf(format, args...)}
}

func fix(check, found, toDo string) Line {
	return Line{Check: check, Found: found, ToDo: toDo}
}

// because adds the reason. For an AWS error, that is its code and message.
func (l Line) because(err error) Line {
	l.Reason = err.Error()
	var trouble *video.ServiceUnavailable
	if errors.As(err, &trouble) {
		l.Reason = trouble.Err.Error()
	}
	var said smithy.APIError
	if errors.As(err, &said) {
		l.Reason = said.ErrorCode() + ": " + said.ErrorMessage()
	}
	return l
}

// String returns the line for people, beginning with ok or fix.
func (l Line) String() string {
	if l.OK {
		return fmt.Sprintf("ok   %s: %s", l.Check, l.Found)
	}
	text := fmt.Sprintf("fix: %s: %s; %s", l.Check, l.Found, l.ToDo)
	if l.Reason != "" {
		text += " (" + l.Reason + ")"
	}
	return text
}

// Report is the result of all checks.
type Report struct {
	OK     bool   `json:"ok"`
	Checks []Line `json:"checks"`
}

// NewReport returns the report of lines.
func NewReport(lines []Line) Report {
	r := Report{OK: true, Checks: lines}
	for _, line := range lines {
		r.OK = r.OK && line.OK
	}
	return r
}

// Fixes counts the lines that are not ok.
func (r Report) Fixes() int {
	n := 0
	for _, line := range r.Checks {
		if !line.OK {
			n++
		}
	}
	return n
}

// Print writes a line for each check.
func (r Report) Print(out io.Writer) error {
	for _, line := range r.Checks {
		if _, err := fmt.Fprintln(out, line); err != nil {
			return err
		}
	}
	return nil
}
