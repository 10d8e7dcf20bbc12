package cold

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"time"

	"github.com/takeup/takeup/test/harness/lambdas"
	"github.com/takeup/takeup/test/harness/processes"
)

// program is a built function.
type program struct {
	name, path string
	size       int64 // bytes
	env        map[string]string
}

// start is one start of a function.
type start struct {
	took time.Duration // from process start to the first request for work
	peak int64         // peak resident bytes until then
}

// start starts the program and kills it once it has requested work.
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
	var exit error
	ended := make(chan struct{})
	go func() { exit = cmd.Wait(); close(ended) }()
	kill := func() error {
		err := cmd.Process.Kill()
		<-ended
		return err
	}
	select {
	case asked := <-api.Asked:
		peak, err := processes.Peak(cmd.Process.Pid)
		return start{took: asked.Sub(began), peak: peak}, errors.Join(err, kill())
	case <-ended:
		return start{}, &EndedEarly{Said: said.String(), Err: exit}
	case <-ctx.Done():
		return start{}, errors.Join(context.Cause(ctx), kill())
	}
}
