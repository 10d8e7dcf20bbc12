package invoke

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// stopTimeout is how long SAM may take to remove its container when it is stopped.
const stopTimeout = 10 * time.Second

// SAM is an installed AWS SAM CLI.
type SAM struct {
	Program string
	Env     []string
	// Err gets SAM's output, and the functions' logs.
	Err io.Writer
}

// FunctionFailed says that a function returned an error.
type FunctionFailed struct {
	Function string
	Type     string // the error's name
	Message  string
}

func (e *FunctionFailed) Error() string {
	return fmt.Sprintf("%s failed with %s: %s", e.Function, e.Type, e.Message)
}

// NoAnswer says that a function returned nothing, or that SAM could not run it.
type NoAnswer struct {
	Function string
	Err      error // of SAM; nil if SAM succeeded
}

func (e *NoAnswer) Error() string {
	if e.Err == nil {
		return e.Function + " returned nothing; the output above says why"
	}
	return fmt.Sprintf("sam local invoke %s failed (%v); the output above says why", e.Function, e.Err)
}

func (e *NoAnswer) Unwrap() error { return e.Err }

// Invoke runs a function once, by its short name, with its event in the workspace, and returns
// its result. If the function failed, the error is a *FunctionFailed, and the result is returned
// as well. more are further arguments of SAM.
func (s *SAM) Invoke(ctx context.Context, w *Workspace, name string, more ...string) ([]byte, error) {
	id := logicalID(name)
	args := append([]string{
		"local", "invoke", id, "--template", w.Template(), "--event", w.Event(name),
		"--layer-cache-basedir", filepath.Join(w.Dir, "layers"),
	}, more...)
	cmd := exec.CommandContext(ctx, s.Program, args...)
	var out bytes.Buffer
	cmd.Env, cmd.Stdout, cmd.Stderr = s.Env, &out, s.Err
	// A process group of its own, so that a Ctrl-C reaches SAM only once, by Cancel.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
	cmd.WaitDelay = stopTimeout
	err := cmd.Run()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	answer := bytes.TrimSpace(out.Bytes())
	if err != nil {
		return answer, &NoAnswer{Function: id, Err: err}
	}
	return answer, verdict(id, answer)
}

// verdict returns an error if a result is one: Lambda's runtime writes an error as an object
// with errorType, which none of our results has.
func verdict(id string, answer []byte) error {
	var failed struct {
		Type    string `json:"errorType"`
		Message string `json:"errorMessage"`
	}
	switch {
	case len(answer) == 0 || !json.Valid(answer):
		return &NoAnswer{Function: id}
	case json.Unmarshal(answer, &failed) == nil && (failed.Type != "" || failed.Message != ""):
		return &FunctionFailed{Function: id, Type: failed.Type, Message: failed.Message}
	}
	return nil
}

// Remove removes a workspace and its files.
func (w *Workspace) Remove() error { return os.RemoveAll(w.Dir) }
