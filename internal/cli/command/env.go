// Package command has what all commands share: the environment that they run in, the check of
// their arguments, and their usage errors.
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

// Env is the environment of a command: its streams, clock, randomness and HTTP client.
type Env struct {
	Name    string // of this program, as used in the command lines that it prints
	Version string
	In      *os.File
	Out     io.Writer // results
	Err     io.Writer // progress, notes and errors
	Width   int       // of Out in columns; 0 if it is not a terminal
	Getenv  func(string) string
	HTTP    *http.Client
	Random  io.Reader
	Now     func() time.Time
	Sleep   func(context.Context, time.Duration) error
	// Cleaning is set while a command must stop a stack before it may be abandoned.
	Cleaning atomic.Bool
}

// CommandLine returns a command line of this program, quoted for a shell.
func (env *Env) CommandLine(words ...string) string {
	line := env.Name
	for _, word := range words {
		line += " " + term.ShellQuote(word)
	}
	return line
}

// Confirm asks a person whether to continue, unless agreed is true. The error is a *Declined. If
// there is no terminal to ask in, noTerminal is its reason.
func (env *Env) Confirm(agreed bool, noTerminal string) error {
	if agreed {
		return nil
	}
	if !term.IsTerminal(env.In) {
		return &Declined{Reason: noTerminal}
	}
	fmt.Fprint(env.Err, "Continue? [y/N] ")
	answer, err := bufio.NewReader(env.In).ReadString('\n')
	if word := strings.ToLower(strings.TrimSpace(answer)); err == nil && (word == "y" || word == "yes") {
		return nil
	}
	return &Declined{Reason: "declined; nothing was started or paid"}
}

// Declined is the error for a question that was not answered with yes.
type Declined struct{ Reason string }

func (e *Declined) Error() string { return e.Reason }
