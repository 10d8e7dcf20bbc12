// Package checkout gives tests a copy of the repository's current state to run commands in, with
// a state directory of its own. Installed tools are shared.
package checkout

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// grace bounds the wait for the output of a script that was killed.
const grace = 10 * time.Second

// New copies the repository at root: tracked files, and untracked ones that are not ignored. A
// local stack that was started in the copy is stopped when the test ends.
func New(t *testing.T, root string) string {
	t.Helper()
	root, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "takeup")
	// Through tar, which preserves modes and links.
	list := exec.CommandContext(t.Context(), "git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	names, err := list.Output()
	if err != nil {
		t.Fatalf("git ls-files: %v", err)
	}
	var there bytes.Buffer
	for name := range strings.SplitSeq(strings.TrimSuffix(string(names), "\x00"), "\x00") {
		if _, err := os.Lstat(filepath.Join(root, name)); err == nil { // it may be deleted in the working tree
			there.WriteString(name + "\x00")
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	pack := exec.CommandContext(t.Context(), "sh", "-c", `tar -C "$0" --null -T - -cf - | tar -C "$1" -xf -`, root, dir)
	pack.Stdin = &there
	if said, err := pack.CombinedOutput(); err != nil {
		t.Fatalf("copying the repository: %v\n%s", err, said)
	}
	if err := os.Symlink(filepath.Join(root, ".tools"), filepath.Join(dir, ".tools")); err != nil {
		t.Fatal(err)
	}
	keep(t, dir)
	return dir
}

// keeper stops the stack of its directory once standard input is closed.
const keeper = `
trap '' HUP INT TERM
cat >/dev/null
[ ! -e .takeup/bin/takeup ] || exec .takeup/bin/takeup down
`

// keep stops the stack when the test ends, even if the test binary is killed.
func keep(t *testing.T, dir string) {
	t.Helper()
	cmd := exec.Command("bash", "-c", keeper)
	var said bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &said, &said
	// A Ctrl-C in the terminal must end the test first and the keeper only after it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	alive, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(alive.Close(), cmd.Wait()); err != nil {
			t.Errorf("ending the stack: %v\n%s", err, &said)
		}
	})
}

// Shell returns a bash script as a command, to run at dir in the environment env. When ctx ends,
// its whole process group is killed, so that nothing keeps its output open.
func Shell(ctx context.Context, dir string, env []string, script string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "bash", "-c", script)
	cmd.Dir, cmd.Env = dir, env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = grace
	return cmd
}

// Env is the environment of commands in dir, which New returned: no AWS, no stack, no key, and
// takeup on the PATH once it is built.
func Env(dir string, more ...string) []string {
	env := []string{"LANG=C.UTF-8", "NO_COLOR=1", "AWS_CONFIG_FILE=" + os.DevNull, "AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull, "AWS_EC2_METADATA_DISABLED=true",
		"PATH=" + filepath.Join(dir, ".takeup", "bin") + ":" + os.Getenv("PATH")}
	for _, name := range []string{"HOME", "TMPDIR", "XDG_CACHE_HOME", "GOPATH", "GOCACHE", "GOMODCACHE", "GOPROXY", "GOSUMDB", "GOFLAGS", "SSL_CERT_FILE", "SSL_CERT_DIR"} {
		if value := os.Getenv(name); value != "" {
			env = append(env, name+"="+value)
		}
	}
	return append(env, more...)
}
