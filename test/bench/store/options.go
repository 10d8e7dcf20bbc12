package store

import (
	"errors"
	"fmt"
	"io"
)

// Options configure a run.
type Options struct {
	// Root is the repository's root, and Dir the directory of the run's files. Existing files in
	// Dir are removed.
	Root, Dir string
	Programs  Programs
	Runs      int   // per tool and video; the table shows their medians
	Sizes     []int // of the videos, in MiB
	Rows      []Rows
	// Output gets the tables and the last line, and Progress a line per run.
	Output, Progress io.Writer
}

// Rows is a kind of rows in the tables.
type Rows string

// The kinds: videos from a source as fast as the machine, from a capped one, and from those that
// misbehave.
const (
	Uncapped Rows = "uncapped"
	Capped   Rows = "capped"
	Faults   Rows = "faults"
)

// Check returns an error for invalid options.
func (o Options) Check() error {
	var errs []error
	if o.Runs < 1 || o.Runs > 100 {
		errs = append(errs, fmt.Errorf("runs is %d: give 1 to 100", o.Runs))
	}
	if len(o.Sizes) == 0 {
		errs = append(errs, errors.New("there is no size: give some, in MiB"))
	}
	for _, mib := range o.Sizes {
		if mib < 1 || mib > 2048 {
			errs = append(errs, fmt.Errorf("a size is %d MiB: give 1 to 2048, which is what Store takes", mib))
		}
	}
	for _, kind := range o.Rows {
		if kind != Uncapped && kind != Capped && kind != Faults {
			errs = append(errs, fmt.Errorf("a kind of rows is %q: give %s, %s or %s", kind, Uncapped, Capped, Faults))
		}
	}
	return errors.Join(errs...)
}
