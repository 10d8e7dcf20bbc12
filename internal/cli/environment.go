package cli

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

// world is what the commands use of the outside.
type world struct {
	name    string // what this program is called by, for commands that are told
	version string
	in      *os.File
	out     io.Writer // what was asked for
	err     io.Writer // what is told beside it
	width   int       // of the terminal that out is; 0 where it is none
	getenv  func(string) string
	http    *http.Client
	random  io.Reader
	now     func() time.Time
	sleep   func(context.Context, time.Duration) error
	// cleaning is set while a command has a stack to end, which it is waited for.
	cleaning atomic.Bool
}

// typed gives a command line as a person can type it.
func (w *world) typed(words ...string) string {
	line := w.name
	for _, word := range words {
		line += " " + quoted(word)
	}
	return line
}

// ask asks whether to go on, unless that was agreed to before. Where there is no
// terminal to ask in, nobody is what is said.
func (w *world) ask(agreed bool, nobody string) error {
	if agreed {
		return nil
	}
	if !isTerminal(w.in) {
		return &declined{why: nobody}
	}
	fmt.Fprint(w.err, "Go on? [y/N] ")
	answer, err := bufio.NewReader(w.in).ReadString('\n')
	if word := strings.ToLower(strings.TrimSpace(answer)); err == nil && (word == "y" || word == "yes") {
		return nil
	}
	return &declined{why: "not agreed; nothing was started or paid"}
}

// declined says that nobody agreed to pay.
type declined struct{ why string }

func (e *declined) Error() string { return e.why }
