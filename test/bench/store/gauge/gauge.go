// Package gauge measures a program, or several in a pipeline.
//
// The kernel's figure for a process's peak memory is at least the memory of the parent that
// started it, since both share it until the program is loaded. So a small program of its own,
// cmd/gauge, does the measuring.
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

// Pipeline is the commands to measure.
type Pipeline struct {
	Stages [][]string // one command each; the output of one is the input of the next
	Env    []string   // the whole environment
	Dir    string
	Log    string        // a file for the standard error of all
	Limit  time.Duration // they are killed after it
}

// Usage is the resource usage of a Pipeline, over all stages.
type Usage struct {
	Wall    time.Duration // from the first start to the last exit
	CPU     time.Duration // user and system
	PeakKiB int64         // the sum of the stages' peaks of resident memory
	Exit    int           // exit status of the first stage that failed, as with bash's pipefail, or 0
	Hung    bool          // they were killed at the limit
}

// Run runs a Pipeline to its end. It returns an error only if a stage can't be started.
func Run(ctx context.Context, p Pipeline) (_ Usage, err error) {
	// Pdeathsig depends on the thread that started the process.
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
	var u Usage
	switch {
	case err == nil:
	case errors.Is(ctx.Err(), context.DeadlineExceeded): // too late for the other stages
		closeAll(input)
		u.Exit, err = 1, nil
	default:
		closeAll(input)
		cancel()
		err = fmt.Errorf("gauge: %w", err)
	}
	for _, cmd := range started {
		if failed := cmd.Wait(); failed != nil && u.Exit == 0 {
			u.Exit = max(1, cmd.ProcessState.ExitCode()) // -1 means a signal
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
