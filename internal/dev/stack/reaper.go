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

// reaper kills process groups if this process ends without stopping them, because of a panic in
// another goroutine or because it was killed. The reaper is a shell that reads from a pipe,
// which the system closes with this process.
type reaper struct {
	cmd *exec.Cmd
	in  io.WriteCloser

	mu     sync.Mutex
	groups []int
}

// reaperScript keeps the last line that it reads, which lists the running groups.
const reaperScript = `groups=
while read -r line; do groups=$line; done
for g in $groups; do kill -s TERM -- "-$g"; done
test -z "$groups" || sleep 1
for g in $groups; do kill -s KILL -- "-$g"; done`

func startReaper() (*reaper, error) {
	cmd := exec.Command("/bin/sh", "-c", reaperScript)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("starting the process reaper: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the process reaper: %w", err)
	}
	return &reaper{cmd: cmd, in: in}, nil
}

func (g *reaper) add(pid int) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.groups = append(g.groups, pid)
	return g.tell()
}

func (g *reaper) drop(pid int) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.groups = slices.DeleteFunc(g.groups, func(p int) bool { return p == pid })
	return g.tell()
}

func (g *reaper) tell() error {
	words := make([]string, len(g.groups))
	for i, pid := range g.groups {
		words[i] = strconv.Itoa(pid)
	}
	if _, err := io.WriteString(g.in, strings.Join(words, " ")+"\n"); err != nil {
		return fmt.Errorf("updating the process reaper: %w", err)
	}
	return nil
}

// release stops the reaper without stopping the groups.
func (g *reaper) release() {
	// Kill it before its pipe closes, since it would act then.
	_ = g.cmd.Process.Kill()
	_ = g.cmd.Wait()
}
