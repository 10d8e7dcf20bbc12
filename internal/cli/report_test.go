package cli

import (
	"errors"
	"testing"
)

func TestReport(t *testing.T) {
	w := newShell(t)
	printError(w.Env, errors.New("it said \x1b[2J\n  do\tthis"))
	if got := w.Err.String(); got != "takeup: it said  [2J\n  do this\n" {
		t.Errorf("it reports %q", got)
	}
}
