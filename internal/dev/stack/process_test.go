package stack

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// reapedEnv makes the test binary a process that starts another one and exits without stopping
// it.
const reapedEnv = "STACK_TEST_REAPED"

func TestMain(m *testing.M) {
	if dir := os.Getenv(reapedEnv); dir != "" {
		if err := endReaped(dir); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// sleeper is a program with a child. It exits when it is signaled.
var sleeper = []string{"/bin/sh", "-c", "sleep 1000 & echo ready; wait"}

func stateDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "logs"), 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestProcessIsEndedWithItsChildren(t *testing.T) {
	dir := stateDir(t)
	p, err := start(dir, "p", os.Environ(), sleeper...)
	if err != nil {
		t.Fatal(err)
	}
	ready := func(context.Context) bool { return strings.Contains(tail(p.log), "ready") }
	if err := p.waitFor(t.Context(), ready); err != nil {
		t.Fatal(err)
	}
	if pid, ok := running(p.file); !ok || pid != p.pid {
		t.Errorf("running says %d, %t; want %d", pid, ok, p.pid)
	}
	if _, err := start(dir, "p", os.Environ(), sleeper...); !errors.Is(err, syscall.EWOULDBLOCK) {
		t.Errorf("a second one gives %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := stop(ended, p.file); err != nil {
		t.Fatal(err)
	}
	if _, ok := running(p.file); ok || groupRuns(p.pid) {
		t.Error("it still runs")
	}
	if err := stop(t.Context(), p.file); err != nil {
		t.Errorf("stopping again: %v", err)
	}
}

func TestProcessFileOfAnotherIsLeftAlone(t *testing.T) {
	dir := stateDir(t)
	// The file of a process that has exited. This test's process now has its id.
	write(t, dir, "p.pid", strconv.Itoa(os.Getpid()))
	if pid, ok := running(pidFile(dir, "p")); ok {
		t.Errorf("process %d is mistaken for it", pid)
	}
	if err := stop(t.Context(), pidFile(dir, "p")); err != nil {
		t.Error(err)
	}
}

func TestProcessThatIgnoresSIGTERMIsKilled(t *testing.T) {
	dir := stateDir(t)
	p, err := start(dir, "p", os.Environ(), "/bin/sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done")
	if err != nil {
		t.Fatal(err)
	}
	ready := func(context.Context) bool { return strings.Contains(tail(p.log), "ready") }
	if err := p.waitFor(t.Context(), ready); err != nil {
		t.Fatal(err)
	}
	if err := stopWithin(t.Context(), p.file, time.Millisecond); err != nil || groupRuns(p.pid) {
		t.Errorf("stop gives %v, and it runs: %t", err, groupRuns(p.pid))
	}
}

func TestWaitForSaysWhyAProgramEnded(t *testing.T) {
	p, err := start(stateDir(t), "p", os.Environ(), "/bin/sh", "-c", "echo no such luck; exit 3")
	if err != nil {
		t.Fatal(err)
	}
	err = p.waitFor(t.Context(), func(context.Context) bool { return false })
	if err == nil || !strings.Contains(err.Error(), "p exited instead of starting") || !strings.Contains(err.Error(), "no such luck") {
		t.Errorf("got %v", err)
	}
}

func TestCommand(t *testing.T) {
	g, err := startReaper()
	if err != nil {
		t.Fatal(err)
	}
	defer g.release()
	log := filepath.Join(t.TempDir(), "logs", "c.log")

	var failed *CommandFailed
	err = command(t.Context(), g, "trying", t.TempDir(), log, nil, "/bin/sh", "-c", "echo out; echo err >&2; exit 1")
	if !errors.As(err, &failed) || failed.Said != "out\nerr" || failed.Log != log {
		t.Errorf("a failing command gives %v", err)
	}
	if err := command(t.Context(), g, "trying", t.TempDir(), log, []string{"X=1"}, "/bin/sh", "-c", `test "$X" = 1`); err != nil {
		t.Errorf("a good command gives %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	changed := errors.New("changed my mind")
	cancel(changed)
	if err := command(ctx, g, "trying", t.TempDir(), log, nil, sleeper...); !errors.Is(err, changed) && !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled command gives %v", err)
	}
	if len(g.groups) != 0 {
		t.Errorf("the reaper still has %v", g.groups)
	}
}

func TestReaperEndsWhatAnEndedProcessLeft(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), reapedEnv+"="+stateDir(t))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := bufio.NewScanner(out)
	said.Scan()
	pid, err := strconv.Atoi(said.Text())
	if err != nil {
		t.Fatalf("it said %q", said.Text())
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	if err := poll(t.Context(), func() (bool, error) { return !groupRuns(pid), nil }); err != nil {
		t.Fatal(err)
	}
}

// endReaped starts a process under a reaper, prints its id, and returns.
func endReaped(dir string) error {
	g, err := startReaper()
	if err != nil {
		return err
	}
	p, err := start(dir, "p", os.Environ(), sleeper...)
	if err != nil {
		return err
	}
	fmt.Println(p.pid)
	return g.add(p.pid)
}
