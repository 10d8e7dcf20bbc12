package term

import (
	"io"
	"os"

	"github.com/vbauerster/cupwriter"
)

// IsTerminal reports whether a stream is a terminal.
func IsTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && f != nil && cupwriter.New(f, false).IsTerminal()
}

// Width returns the columns of a terminal, or 0 if out is not a terminal.
func Width(out io.Writer) int {
	if !IsTerminal(out) {
		return 0
	}
	width, _, err := cupwriter.New(out, false).GetTermSize()
	if err != nil {
		return 0
	}
	return width
}
