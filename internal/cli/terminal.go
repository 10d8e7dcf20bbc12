package cli

import (
	"io"
	"os"

	"github.com/vbauerster/cupwriter"
)

// isTerminal reports whether a person sees what is written, or types what is
// read.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && f != nil && cupwriter.New(f, false).IsTerminal()
}

// terminalWidth is how many characters a line of the terminal holds; 0 where the
// writer is not a terminal.
func terminalWidth(out io.Writer) int {
	if !isTerminal(out) {
		return 0
	}
	width, _, err := cupwriter.New(out, false).GetTermSize()
	if err != nil {
		return 0
	}
	return width
}
