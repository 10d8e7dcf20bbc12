package term

import (
	"io"
	"os"

	"github.com/vbauerster/cupwriter"
)

// IsTerminal reports whether a person sees what is written, or types what is
// read.
func IsTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && f != nil && cupwriter.New(f, false).IsTerminal()
}

// Width is how many characters a line of the terminal holds; 0 where the
// writer is not a terminal.
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
