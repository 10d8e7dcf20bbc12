package command

import (
	"fmt"
	"math"

	"github.com/spf13/cobra"
)

// UsageError is the error for an invalid command line.
type UsageError struct{ Err error }

// Usagef returns a *UsageError with a message formatted by fmt.Errorf.
func Usagef(format string, args ...any) error { return &UsageError{Err: fmt.Errorf(format, args...)} }

func (e *UsageError) Error() string { return e.Err.Error() + "; see takeup --help" }

func (e *UsageError) Unwrap() error { return e.Err }

// Reworded replaces the message of an error.
type Reworded struct {
	Message string
	Err     error
}

func (e *Reworded) Error() string { return e.Message }

func (e *Reworded) Unwrap() error { return e.Err }

// Many is the upper bound for commands that take any number of arguments.
const Many = math.MaxInt

// Args accepts least to most arguments, and returns an error for any other number.
func Args(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		what := ""
		switch {
		case len(args) < least:
			what = "an argument is missing"
		case len(args) > most && most == 0:
			what = fmt.Sprintf("unexpected argument %q; %s takes none", args[0], cmd.CommandPath())
		case len(args) > most:
			what = fmt.Sprintf("unexpected argument %q; %s takes one, so quote an argument that has spaces", args[most], cmd.CommandPath())
		default:
			return nil
		}
		return Usagef("%s; usage: %s", what, cmd.UseLine())
	}
}
