package cli

import (
	"fmt"
	"math"

	"github.com/spf13/cobra"
)

// usageError is a command line that can't be used.
type usageError struct{ Err error }

// usagef makes a *usageError as fmt.Errorf makes its error.
func usagef(format string, args ...any) error { return &usageError{Err: fmt.Errorf(format, args...)} }

func (e *usageError) Error() string { return e.Err.Error() + "; takeup --help shows what there is" }

func (e *usageError) Unwrap() error { return e.Err }

// explained says an error in other words.
type explained struct {
	said string
	err  error
}

func (e *explained) Error() string { return e.said }

func (e *explained) Unwrap() error { return e.err }

// many is no upper bound of a command's arguments.
const many = math.MaxInt

// arguments refuses fewer arguments than least and more than most.
func arguments(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		what := ""
		switch {
		case len(args) < least:
			what = "an argument is missing"
		case len(args) > most && most == 0:
			what = fmt.Sprintf("%q is too much: %s takes no argument", args[0], cmd.CommandPath())
		case len(args) > most:
			what = fmt.Sprintf("%q is too much: %s takes one argument; quote one that has blanks", args[most], cmd.CommandPath())
		default:
			return nil
		}
		return usagef("%s; type %s", what, cmd.UseLine())
	}
}
