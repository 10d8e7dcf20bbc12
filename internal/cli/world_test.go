package cli

import (
	"context"
	"testing"

	"github.com/takeup/takeup/internal/api/apitest"
)

// testShell is what a command line that a test types runs in.
type testShell struct{ *testEnv }

func newTestShell(t *testing.T) *testShell { return &testShell{newTestEnv(t)} }

// withAPI is a testShell whose environment names a fake API.
func withAPI(t *testing.T) (*testShell, *apitest.Server) {
	t.Helper()
	env, api := newTestEnvWithAPI(t)
	return &testShell{env}, api
}

// run types a command line, and gives its exit status.
func (w *testShell) run(ctx context.Context, args ...string) int {
	err := execute(ctx, w.world, args)
	if err != nil {
		complain(w.world, err)
	}
	return exitStatus(err, ctx.Err() != nil)
}
