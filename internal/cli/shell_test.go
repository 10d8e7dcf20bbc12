package cli

import (
	"context"
	"testing"

	"github.com/takeup/takeup/internal/api/apitest"
	"github.com/takeup/takeup/internal/cli/clitest"
)

// shell runs the command lines of a test.
type shell struct{ *clitest.Shell }

func newShell(t *testing.T) *shell { return &shell{clitest.New(t)} }

// withAPI returns a shell whose environment names a fake API, and that API.
func withAPI(t *testing.T) (*shell, *apitest.Server) {
	t.Helper()
	env, api := clitest.WithAPI(t)
	return &shell{env}, api
}

// run runs a command line, and returns its exit status.
func (w *shell) run(ctx context.Context, args ...string) int {
	err := execute(ctx, w.Env, args)
	if err != nil {
		printError(w.Env, err)
	}
	return exitStatus(err, ctx.Err() != nil)
}
