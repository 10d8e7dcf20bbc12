package list

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/takeup/takeup/internal/dev/stack"
)

// program is cmd/stack, which is built in each version.
//
//go:embed cmd/stack/main.go
var program []byte

// process is a running local stack of some version of Takeup, in its own process.
type process struct {
	stack.Stack
	root string

	cmd  *exec.Cmd
	hold io.Closer // its standard input; closing it stops the stack
}

// startStack starts the stack of the repository at root, with flags of cmd/stack.
func startStack(ctx context.Context, root, state string, progress io.Writer, flags ...string) (_ *process, err error) {
	if root, err = filepath.Abs(root); err != nil {
		return nil, err
	}
	if state, err = filepath.Abs(state); err != nil {
		return nil, err
	}
	source := filepath.Join(root, "test", "bench", "list", "cmd", "stack")
	if _, err := os.Stat(source); errors.Is(err, os.ErrNotExist) { // the earlier version, which has the package elsewhere
		earlier := bytes.ReplaceAll(program, []byte("internal/dev/stack"), []byte("internal/localstack"))
		if err := errors.Join(os.MkdirAll(source, 0o755), os.WriteFile(filepath.Join(source, "main.go"), earlier, 0o644)); err != nil {
			return nil, err
		}
	}
	if err := os.MkdirAll(state, 0o755); err != nil {
		return nil, err
	}
	binary := filepath.Join(state, "stack")
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, "./bench/list/cmd/stack")
	build.Dir = filepath.Join(root, "test")
	if said, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building the program that starts the stack of %s: %w\n%s", root, err, said)
	}
	s := &process{root: root, cmd: exec.CommandContext(ctx, binary, append([]string{"-root", root, "-state", state}, flags...)...)}
	s.cmd.Stderr = progress
	if s.hold, err = s.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &s.Stack)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("starting the stack of %s: %w", root, err), s.stop())
	}
	return s, nil
}

// stop stops the stack and returns when it has exited.
func (s *process) stop() error { return errors.Join(s.hold.Close(), s.cmd.Wait()) }

// binary returns the file of a function of the stack.
func (s *process) binary(function string) string {
	return filepath.Join(s.root, ".takeup", "build", function, "bootstrap")
}

// checkout checks out a commit of the repository at root into dir. Installed tools are shared.
func checkout(ctx context.Context, root, commit, dir string) error {
	root, err := filepath.Abs(root)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "sh", "-c", `git -C "$0" archive "$1" | tar -C "$2" -xf -`, root, commit, dir)
	if said, err := cmd.CombinedOutput(); err != nil || len(said) > 0 {
		return fmt.Errorf("getting commit %s, which a shallow clone lacks: %w", commit, errors.Join(err, errors.New(string(said))))
	}
	return os.Symlink(filepath.Join(root, ".tools"), filepath.Join(dir, ".tools"))
}
