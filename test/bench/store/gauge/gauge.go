// Package gauge measures a program, or several that pipe into each other.
//
// What the kernel says of a process's peak memory is at least what its parent
// held when it started it, since both have the same memory until the program is
// loaded. So the measuring is done by a small program of its own, cmd/gauge.
package gauge

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// Pipeline is what is measured.
type Pipeline struct {
	Stages [][]string // each a command; one's output is the next one's input
	Env    []string   // all of it
	Dir    string
	Log    string        // a file for what they say
	Limit  time.Duration // then they are killed
}

// Usage is what a Pipeline took, all stages together.
type Usage struct {
	Wall    time.Duration // from the first one's start to the last one's end
	CPU     time.Duration // user and system
	PeakKiB int64         // the sum of each stage's peak of resident memory
	Exit    int           // of the first stage that failed, as with bash's pipefail; 0 where none did
	Hung    bool          // they were killed at the limit
}

// Run runs a Pipeline to its end. Its error is of starting it.
func Run(ctx context.Context, p Pipeline) (_ Usage, err error) {
	// Pdeathsig goes by the thread that started the process.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if len(p.Stages) == 0 {
		return Usage{}, errors.New("gauge: there is nothing to run")
	}
	ctx, cancel := context.WithTimeout(ctx, p.Limit)
	defer cancel()
	log, err := os.OpenFile(p.Log, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|os.O_APPEND, 0o600)
	if err != nil {
		return Usage{}, err
	}
	defer log.Close()

	var started []*exec.Cmd
	began := time.Now()
	var input *os.File
	for i, stage := range p.Stages {
		cmd := exec.CommandContext(ctx, stage[0], stage[1:]...)
		cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr = p.Env, p.Dir, log, log
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		if input != nil {
			cmd.Stdin = input
		}
		var next, output *os.File
		if i < len(p.Stages)-1 {
			if next, output, err = os.Pipe(); err != nil {
				break
			}
			cmd.Stdout = output
		}
		err = cmd.Start()
		closeAll(input, output)
		input = next
		if err != nil {
			break
		}
		started = append(started, cmd)
	}
	if err != nil {
		closeAll(input)
		cancel()
		err = fmt.Errorf("gauge: %w", err)
	}
	var u Usage
	for _, cmd := range started {
		if failed := cmd.Wait(); failed != nil && u.Exit == 0 {
			u.Exit = max(1, cmd.ProcessState.ExitCode()) // -1 is of a signal
		}
		used := cmd.ProcessState
		u.CPU += used.UserTime() + used.SystemTime()
		if usage, ok := used.SysUsage().(*syscall.Rusage); ok {
			u.PeakKiB += usage.Maxrss
		}
	}
	u.Wall, u.Hung = time.Since(began), errors.Is(ctx.Err(), context.DeadlineExceeded)
	return u, err
}

func closeAll(files ...*os.File) {
	for _, f := range files {
		if f != nil {
			f.Close()
		}
	}
}
