package stack

import (
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// guard ends process groups when this process ends without doing so: by a panic
// in another goroutine, or killed. It is a shell that reads from a pipe, which
// the system closes with this process.
type guard struct {
	cmd *exec.Cmd
	in  io.WriteCloser

	mu     sync.Mutex
	groups []int
}

// guardScript keeps the last line that it was told: the groups that run.
const guardScript = `groups=
while read -r line; do groups=$line; done
for g in $groups; do kill -s TERM -- "-$g"; done
test -z "$groups" || sleep 1
for g in $groups; do kill -s KILL -- "-$g"; done`

func startGuard() (*guard, error) {
	cmd := exec.Command("/bin/sh", "-c", guardScript)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("starting the guard of the processes: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the guard of the processes: %w", err)
	}
	return &guard{cmd: cmd, in: in}, nil
}

func (g *guard) add(pid int) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.groups = append(g.groups, pid)
	return g.tell()
}

func (g *guard) drop(pid int) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.groups = slices.DeleteFunc(g.groups, func(p int) bool { return p == pid })
	return g.tell()
}

func (g *guard) tell() error {
	words := make([]string, len(g.groups))
	for i, pid := range g.groups {
		words[i] = strconv.Itoa(pid)
	}
	if _, err := io.WriteString(g.in, strings.Join(words, " ")+"\n"); err != nil {
		return fmt.Errorf("telling the guard of the processes: %w", err)
	}
	return nil
}

// release ends the guard and leaves the groups alone.
func (g *guard) release() {
	// Killed before its pipe closes: at the pipe's end it would act.
	_ = g.cmd.Process.Kill()
	_ = g.cmd.Wait()
}
