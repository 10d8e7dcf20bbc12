package stack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// startLimit is how long a server may take to answer on a slow machine.
const startLimit = time.Minute

// stopTimeout is how long a process group may take to end before it is killed. None of them has
// anything to save.
const stopTimeout = 3 * time.Second

// process is a running program that leads a session, and thus a process group, of its own: a
// Ctrl-C in the terminal doesn't reach it, and it is stopped with all its children.
//
// Its file holds its process id and is locked as long as it runs, since the program inherits the
// lock. So a file is never mistaken for that of another program that later got the same id.
type process struct {
	name string
	file string
	log  string
	pid  int
	done <-chan struct{} // closed when it has exited
}

// start runs a program whose output goes to <dir>/logs/<name>.log.
func start(dir, name string, env []string, command ...string) (*process, error) {
	p := &process{name: name, file: pidFile(dir, name), log: logFile(dir, name)}
	lock, err := os.OpenFile(p.file, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, fmt.Errorf("starting %s: %s is locked by a running process: %w", name, p.file, err)
	}
	out, err := os.OpenFile(p.log, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	defer out.Close()

	cmd := exec.Command(command[0], command[1:]...)
	cmd.Dir, cmd.Env = dir, env
	cmd.Stdout, cmd.Stderr = out, out
	cmd.ExtraFiles = []*os.File{lock}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	p.pid = cmd.Process.Pid
	done := make(chan struct{})
	p.done = done
	go func() {
		defer close(done)
		_ = cmd.Wait() // its log says more than its exit status
	}()
	if _, err := lock.WriteAt([]byte(strconv.Itoa(p.pid)+"\n"), 0); err != nil {
		return nil, errors.Join(fmt.Errorf("starting %s: %w", name, err), signalGroup(p.pid, syscall.SIGKILL))
	}
	return p, nil
}

// waitFor polls ready until it is true, the process exits, or startLimit has passed.
func (p *process) waitFor(ctx context.Context, ready func(context.Context) bool) error {
	patient, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	err := poll(patient, func() (bool, error) {
		select {
		case <-p.done:
			return false, fmt.Errorf("%s exited instead of starting", p.name)
		default:
			return ready(patient), nil
		}
	})
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("starting %s: %w", p.name, context.Cause(ctx))
	case patient.Err() != nil:
		err = fmt.Errorf("%s did not start within %s", p.name, startLimit)
	}
	return fmt.Errorf("%w; the end of its log, %s:\n%s", err, p.log, tail(p.log))
}

// running reports whether the process of a file is running, and its id.
func running(file string) (pid int, ok bool) {
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		return 0, false
	}
	defer f.Close()
	if syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB) == nil {
		return 0, false
	}
	text, err := io.ReadAll(io.LimitReader(f, 32))
	if err != nil {
		return 0, false
	}
	pid, err = strconv.Atoi(strings.TrimSpace(string(text)))
	return pid, err == nil && pid > 1
}

// stop stops the process of a file with its children. It returns when they have exited, even if
// ctx has ended, which may be the reason for the stop. If none is running, it does nothing.
func stop(ctx context.Context, file string) error { return stopWithin(ctx, file, stopTimeout) }

// stopWithin is stop with another timeout.
func stopWithin(ctx context.Context, file string, patience time.Duration) error {
	ctx = context.WithoutCancel(ctx)
	pid, ok := running(file)
	for _, way := range []struct {
		signal   syscall.Signal
		patience time.Duration
	}{{syscall.SIGTERM, patience}, {syscall.SIGKILL, stopTimeout}} {
		if !ok {
			break
		}
		if err := signalGroup(pid, way.signal); err != nil {
			return fmt.Errorf("ending process group %d of %s: %w", pid, file, err)
		}
		ok = !gone(ctx, file, pid, way.patience)
	}
	if ok {
		return fmt.Errorf("process group %d of %s did not end; end it with kill -s KILL -- -%d", pid, file, pid)
	}
	if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("removing %s: %w", file, err)
	}
	return nil
}

// gone waits until neither the process nor any other of its group is running, or the timeout has
// passed.
func gone(ctx context.Context, file string, pid int, patience time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return poll(ctx, func() (bool, error) {
		_, ok := running(file)
		return !ok && !groupRuns(pid), nil
	}) == nil
}

// groupRuns reports whether a process of the group is running. Zombies don't count: in a
// container, possibly nobody ever waits for them.
func groupRuns(group int) bool {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return false
	}
	for _, file := range files {
		stat, err := os.ReadFile(file)
		if err != nil {
			continue // it exited in the meantime
		}
		// The program's name, in parentheses, may contain anything: proc(5).
		_, after, _ := strings.Cut(string(stat[bytes.LastIndexByte(stat, ')')+1:]), " ")
		fields := strings.Fields(after) // state, parent, group, …
		if len(fields) > 2 && fields[2] == strconv.Itoa(group) && fields[0] != "Z" && fields[0] != "X" {
			return true
		}
	}
	return false
}

// signalGroup signals a process group, if it exists.
func signalGroup(pid int, signal syscall.Signal) error {
	if err := syscall.Kill(-pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	return nil
}

func pidFile(dir, name string) string { return filepath.Join(dir, name+".pid") }

func logFile(dir, name string) string { return filepath.Join(dir, "logs", name+".log") }

// tail returns the last lines of a log.
func tail(path string) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	return strings.Join(lines[max(0, len(lines)-20):], "\n")
}
