// Package cli implements the takeup command line: the root command and the exit statuses. The
// commands themselves are in the packages below it.
package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/takeup/takeup/internal/api/client"
	"github.com/takeup/takeup/internal/batch/batchfile"
	"github.com/takeup/takeup/internal/cli/batch"
	"github.com/takeup/takeup/internal/cli/batch/preview"
	"github.com/takeup/takeup/internal/cli/command"
	"github.com/takeup/takeup/internal/cli/generate"
	"github.com/takeup/takeup/internal/cli/operate"
	"github.com/takeup/takeup/internal/cli/term"
	devstack "github.com/takeup/takeup/internal/dev/stack"
	"github.com/takeup/takeup/internal/text"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/wait"
)

// The exit statuses. docs/cli.md and the help explain them.
const (
	exitFailed      = 1
	exitUsage       = 2   // the request or the command line is invalid
	exitUnsettled   = 3   // reconcile and doctor: there is something to do
	exitNoVideo     = 4   // the job, or one of a batch, ended without a video
	exitState       = 5   // there is no such job or batch, or its state doesn't allow this
	exitInterrupted = 130 // the status that a shell reports after Ctrl-C
)

// Main runs the command that os.Args names, and exits with its status.
func Main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	env := &command.Env{
		Name: calledBy(os.Args[0]), Version: buildVersion(), In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Width: term.Width(os.Stdout), Getenv: os.Getenv,
		HTTP: newHTTPClient(), Random: rand.Reader, Now: time.Now, Sleep: wait.For,
	}
	done := make(chan error, 1)
	go func() { done <- execute(ctx, env, os.Args[1:]) }()
	err := await(ctx, env, stop, done)
	interrupted := ctx.Err() != nil
	stop()
	if err != nil {
		printError(env, err)
	}
	os.Exit(exitStatus(err, interrupted))
}

// grace is how long an interrupted command may take to return.
const grace = 800 * time.Millisecond

// await waits for a command. It abandons an interrupted command after the grace time, since a
// context can't cancel the read of a pipe without a writer. A second signal ends the program at
// once, which is the system's default.
func await(ctx context.Context, env *command.Env, stop func(), done <-chan error) error {
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		stop()
	}
	for {
		select {
		case err := <-done:
			return err
		case <-time.After(grace):
			if !env.Cleaning.Load() {
				return errors.New("interrupted")
			}
		}
	}
}

// buildVersion returns the version that Go's build recorded in this program.
func buildVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(unknown)"
	}
	return info.Main.Version
}

// printError prints an error. Its text may come from outside, so control characters are replaced.
func printError(env *command.Env, err error) {
	lines := strings.Split(err.Error(), "\n")
	for i := range lines {
		lines[i] = text.Printable(lines[i])
	}
	fmt.Fprintln(env.Err, "takeup:", strings.Join(lines, "\n"))
}

// newHTTPClient returns a client that limits the time until a response begins, but not how long
// it takes: videos are large.
func newHTTPClient() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = 40 * time.Second // API Gateway responds within 29
	return &http.Client{Transport: transport}
}

// exitStatus returns the exit status for a command's error.
func exitStatus(err error, interrupted bool) int {
	var usage *command.UsageError
	var invalid *video.InvalidRequest
	var refused *client.Refused
	var unsettled *operate.Unsettled
	var noVideo *generate.NoVideo
	var notRunning *devstack.NotRunning
	var notReady *generate.NotReady
	var lines *preview.WrongLines
	var file *batchfile.Unusable
	var incomplete *batch.Incomplete
	var missing *batch.Missing
	var notStarted *batch.NotReady
	switch {
	case err == nil:
		return 0
	case interrupted:
		return exitInterrupted
	case errors.As(err, &usage), errors.As(err, &invalid), errors.As(err, &lines), errors.As(err, &file), errors.As(err, &notRunning), errors.As(err, &refused) && (refused.Invalid() || refused.Unauthorized()):
		return exitUsage
	case errors.As(err, &unsettled):
		return exitUnsettled
	case errors.As(err, &noVideo), errors.As(err, &incomplete), errors.As(err, &missing):
		return exitNoVideo
	case errors.As(err, &notReady), errors.As(err, &notStarted), refused != nil && refused.State():
		return exitState
	}
	return exitFailed
}
