package cli

import (
	"context"
	"testing"

	"github.com/takeup/takeup/internal/api/apitest"
	"github.com/takeup/takeup/internal/cli/clitest"
)

// shell is what a command line that a test types runs in.
type shell struct{ *clitest.Shell }

func newShell(t *testing.T) *shell { return &shell{clitest.New(t)} }

// withAPI is a testShell whose environment names a fake API.
func withAPI(t *testing.T) (*shell, *apitest.Server) {
	t.Helper()
	env, api := clitest.WithAPI(t)
	return &shell{env}, api
}

// run types a command line, and gives its exit status.
func (w *shell) run(ctx context.Context, args ...string) int {
	err := execute(ctx, w.Env, args)
	if err != nil {
		report(w.Env, err)
	}
	return exitStatus(err, ctx.Err() != nil)
}
