package stack

import (
	"context"
	"os"
	"os/exec"
	"strings"
)

// version names the sources of a build: the commit that last changed them, with the suffix
// "-dirty" if they were changed since. So the same sources have the same version in every later
// commit. It is empty if git doesn't track them.
func version(ctx context.Context, root string) string {
	git := func(args ...string) (string, bool) {
		cmd := exec.CommandContext(ctx, "git", append(append([]string{"-C", root}, args...), sources...)...)
		cmd.Env = baseEnv(os.Environ())
		out, err := cmd.Output()
		return strings.TrimSpace(string(out)), err == nil
	}
	commit, known := git("log", "-1", "--abbrev=12", "--format=%h", "--")
	changes, compared := git("status", "--porcelain", "--")
	switch {
	case !known || !compared || commit == "":
		return ""
	case changes != "":
		return commit + "-dirty"
	}
	return commit
}
