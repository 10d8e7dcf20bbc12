// Package processes finds the processes of a local stack's functions, measures their peak memory,
// and kills them. It needs Linux.
package processes

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// ErrNoPeak says that the system doesn't report a process's peak memory.
var ErrNoPeak = errors.New("/proc shows no peak memory (VmHWM) of the process; this needs Linux")

// Peak returns the peak resident memory of a process in bytes. The usage that wait reports is no
// substitute: it starts at the memory of the parent.
func Peak(pid int) (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 10, 64)
			return kib << 10, err
		}
	}
	return 0, ErrNoPeak
}

// nameVariable is the variable that has AWS's name of a function.
const nameVariable = "AWS_LAMBDA_FUNCTION_NAME"

// Watch looks at the processes of one stack's functions. It is safe for concurrent use.
type Watch struct {
	dir string // with their binaries

	mu    sync.Mutex
	names map[int]string // of the processes that run, by pid
	peaks map[string]int64
}

// New returns a Watch of the functions whose binaries are somewhere in dir, which is no symbolic
// link.
func New(dir string) (*Watch, error) {
	abs, err := filepath.Abs(dir)
	return &Watch{dir: abs + string(filepath.Separator), names: map[int]string{}, peaks: map[string]int64{}}, err
}

// Look finds the processes that run now, and keeps the highest peak of each function.
func (w *Watch) Look() error {
	all, err := os.ReadDir("/proc")
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	running := map[int]string{}
	for _, entry := range all {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil || !w.ours(pid) {
			continue
		}
		name := w.names[pid]
		if name == "" {
			name = nameOf(pid)
		}
		peak, err := Peak(pid)
		switch {
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, ErrNoPeak), name == "": // it is ending
		case err != nil && !gone(pid):
			return err
		default:
			running[pid], w.peaks[name] = name, max(w.peaks[name], peak)
		}
	}
	w.names = running
	return nil
}

// Every looks at an interval until ctx ends.
func (w *Watch) Every(ctx context.Context, interval time.Duration) error {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		if err := w.Look(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Peaks returns the highest peak resident memory that was seen, in bytes, by AWS's names of the
// functions. What a process takes after the last look is not in it.
func (w *Watch) Peaks() map[string]int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.peaks)
}

// Kill kills one of the processes that ran at the last look, by pick, which gets their number and
// returns an index. It returns the name of the function, or "" if none was killed.
func (w *Watch) Kill(pick func(n int) int) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	pids := slices.Sorted(maps.Keys(w.names))
	if len(pids) == 0 {
		return "", nil
	}
	pid := pids[pick(len(pids))]
	if !w.ours(pid) { // it has ended, and another process may have its number
		return "", nil
	}
	process, err := os.FindProcess(pid)
	if err != nil {
		return "", err
	}
	if err := process.Kill(); errors.Is(err, os.ErrProcessDone) {
		return "", nil
	} else if err != nil {
		return "", fmt.Errorf("killing a process of %s: %w", w.names[pid], err)
	}
	return w.names[pid], nil
}

func (w *Watch) ours(pid int) bool {
	binary, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
	return err == nil && strings.HasPrefix(binary, w.dir)
}

func gone(pid int) bool {
	_, err := os.Stat(fmt.Sprintf("/proc/%d", pid))
	return errors.Is(err, fs.ErrNotExist)
}

// nameOf returns AWS's name of the function that a process runs, or "".
func nameOf(pid int) string {
	environ, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil {
		return ""
	}
	for variable := range strings.SplitSeq(string(environ), "\x00") {
		if name, ok := strings.CutPrefix(variable, nameVariable+"="); ok {
			return name
		}
	}
	return ""
}
