package stack

import (
	"context"
	"fmt"
	"io"
	"time"
)

// stages prints a line with the duration of each stage.
type stages struct {
	out io.Writer
	now func() time.Time
}

// run runs a stage. The note that do returns is printed before the duration.
func (s stages) run(name string, do func() (note string, err error)) error {
	began := s.now()
	fmt.Fprint(s.out, name, " ... ")
	note, err := do()
	if err != nil {
		fmt.Fprintln(s.out, "failed")
		return err
	}
	fmt.Fprintf(s.out, "%s%.1f s\n", note, s.now().Sub(began).Seconds())
	return nil
}

// poll calls done until it returns true or fails, or ctx ends.
func poll(ctx context.Context, done func() (bool, error)) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if ok, err := done(); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}
