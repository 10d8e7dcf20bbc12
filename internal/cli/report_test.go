package cli

import (
	"errors"
	"testing"
)

func TestComplain(t *testing.T) {
	w := newTestShell(t)
	complain(w.world, errors.New("it said \x1b[2J\n  do\tthis"))
	if got := w.err.String(); got != "takeup: it said  [2J\n  do this\n" {
		t.Errorf("it complains %q", got)
	}
}
