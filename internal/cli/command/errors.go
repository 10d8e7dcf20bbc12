package command

import (
	"fmt"
	"math"

	"github.com/spf13/cobra"
)

// UsageError is a command line that can't be used.
type UsageError struct{ Err error }

// Usagef makes a *usageError as fmt.Errorf makes its error.
func Usagef(format string, args ...any) error { return &UsageError{Err: fmt.Errorf(format, args...)} }

func (e *UsageError) Error() string { return e.Err.Error() + "; takeup --help shows what there is" }

func (e *UsageError) Unwrap() error { return e.Err }

// Reworded says an error in other words.
type Reworded struct {
	Message string
	Err     error
}

func (e *Reworded) Error() string { return e.Message }

func (e *Reworded) Unwrap() error { return e.Err }

// Many is no upper bound of a command's arguments.
const Many = math.MaxInt

// Args refuses fewer arguments than least and more than most.
func Args(least, most int) cobra.PositionalArgs {
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
		return Usagef("%s; type %s", what, cmd.UseLine())
	}
}
