// Package command has what all commands share: the environment that they run in,
// the check of their arguments, and the errors by which they refuse a command line.
package command

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

	"github.com/takeup/takeup/internal/cli/term"
)

// Env is what the commands use of the outside.
type Env struct {
	Name    string // what this program is called by, for commands that are told
	Version string
	In      *os.File
	Out     io.Writer // what was asked for
	Err     io.Writer // what is told beside it
	Width   int       // of the terminal that out is; 0 where it is none
	Getenv  func(string) string
	HTTP    *http.Client
	Random  io.Reader
	Now     func() time.Time
	Sleep   func(context.Context, time.Duration) error
	// Cleaning is set while a command has a stack to end, which it is waited for.
	Cleaning atomic.Bool
}

// CommandLine gives a command line as a person can type it.
func (env *Env) CommandLine(words ...string) string {
	line := env.Name
	for _, word := range words {
		line += " " + term.ShellQuote(word)
	}
	return line
}

// Confirm asks whether to go on, unless that was agreed to before. Where there is no
// terminal to ask in, nobody is what is said.
func (env *Env) Confirm(agreed bool, nobody string) error {
	if agreed {
		return nil
	}
	if !term.IsTerminal(env.In) {
		return &Declined{Reason: nobody}
	}
	fmt.Fprint(env.Err, "Go on? [y/N] ")
	answer, err := bufio.NewReader(env.In).ReadString('\n')
	if word := strings.ToLower(strings.TrimSpace(answer)); err == nil && (word == "y" || word == "yes") {
		return nil
	}
	return &Declined{Reason: "not agreed; nothing was started or paid"}
}

// Declined says that nobody agreed to pay.
type Declined struct{ Reason string }

func (e *Declined) Error() string { return e.Reason }
