// Command relay is the bootstrap of a function that `takeup invoke` runs in a container. It
// makes the host's ports reachable by package relay, and runs the function itself, which is
// in the same directory under the function's name.
package main

import (
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"

	"github.com/takeup/takeup/internal/dev/relay"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	// Pdeathsig kills the function when the thread that started it exits.
	runtime.LockOSThread()
	dir := filepath.Dir(os.Args[0])
	if self, err := os.Executable(); err == nil {
		dir = filepath.Dir(self)
	}
	if _, err := relay.Container(dir); err != nil {
		log.Error("the function can't reach the stack; start the stack on another port, by TAKEUP_PORT", "error", err.Error())
		os.Exit(1)
	}
	function := exec.Command(filepath.Join(dir, os.Getenv("AWS_LAMBDA_FUNCTION_NAME")))
	function.Stdout, function.Stderr = os.Stdout, os.Stderr
	function.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	err := function.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		log.Error("the function does not start", "error", err.Error())
	}
	os.Exit(max(1, function.ProcessState.ExitCode()))
}
