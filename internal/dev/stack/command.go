package stack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// CommandFailed says that a program of the build or the deployment failed, with the end of its
// output.
type CommandFailed struct {
	Doing string
	Log   string // the file with its whole output
	Said  string
	Err   error
}

func (e *CommandFailed) Error() string {
	return fmt.Sprintf("%s failed (%v); the whole output is in %s, and ends with:\n%s", e.Doing, e.Err, e.Log, e.Said)
}

func (e *CommandFailed) Unwrap() error { return e.Err }

// command runs a program to its end, without input and in a session of its own, so that it can't
// ask questions. When ctx ends, it is stopped with its children.
func command(ctx context.Context, g *reaper, doing, dir, log string, env []string, args ...string) error {
	if err := os.MkdirAll(filepath.Dir(log), 0o700); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	out, err := os.OpenFile(log, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	defer out.Close()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir, cmd.Env = dir, env
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Cancel = func() error { return signalGroup(cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = stopTimeout
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	pid := cmd.Process.Pid
	if err := g.add(pid); err != nil {
		return errors.Join(err, signalGroup(pid, syscall.SIGKILL), cmd.Wait())
	}
	ended := cmd.Wait()
	if err := errors.Join(signalGroup(pid, syscall.SIGKILL), g.drop(pid)); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", doing, context.Cause(ctx))
	}
	if ended != nil {
		return &CommandFailed{Doing: doing, Log: log, Said: tail(log), Err: ended}
	}
	return nil
}
