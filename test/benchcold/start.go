package benchcold

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/takeup/takeup/test/lambdas"
)

// program is a built function.
type program struct {
	name, path string
	size       int64 // bytes
	env        map[string]string
}

// start is one start of a function.
type start struct {
	took time.Duration // from the process's start to its first request for work
	peak int64         // the most bytes that were resident until then
}

// start starts the program, and ends it when it has asked for work.
func (p program) start(ctx context.Context) (s start, err error) {
	api, err := lambdas.NewRuntime(nil)
	if err != nil {
		return start{}, err
	}
	defer func() { err = errors.Join(err, api.Close()) }()
	cmd := exec.Command(p.path)
	cmd.Env = []string{"AWS_LAMBDA_RUNTIME_API=" + api.Address}
	for name, value := range p.env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return start{}, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case asked := <-api.Asked:
		peak, err := peakMemory(cmd.Process.Pid)
		if killed := cmd.Process.Kill(); killed != nil {
			err = errors.Join(err, killed)
		}
		<-ended // by our signal
		return start{took: asked.Sub(began), peak: peak}, err
	case err := <-ended:
		return start{}, &EndedEarly{Said: said.String(), Err: err}
	case <-ctx.Done():
		killed := cmd.Process.Kill()
		<-ended
		return start{}, errors.Join(context.Cause(ctx), killed)
	}
}

// peakMemory gives the most bytes of a process that were ever resident. The usage
// that wait gives is no measure: it begins with the memory of who started it.
func peakMemory(pid int) (int64, error) {
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
	return 0, errNoPeak
}
