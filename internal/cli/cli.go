// Package cli is the command line: what takeup's commands do, and what they print.
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
	"github.com/takeup/takeup/internal/cli/command"
	"github.com/takeup/takeup/internal/cli/generate"
	"github.com/takeup/takeup/internal/cli/operate"
	"github.com/takeup/takeup/internal/cli/term"
	devstack "github.com/takeup/takeup/internal/dev/stack"
	"github.com/takeup/takeup/internal/text"
	"github.com/takeup/takeup/internal/video"
)

// The exit statuses; docs/cli.md and the help say what they mean.
const (
	exitFailed      = 1
	exitUsage       = 2   // the request or the command line can't be used as it is
	exitUnsettled   = 3   // reconcile and doctor: something is named
	exitNoVideo     = 4   // the job ended without a video
	exitState       = 5   // there is no such job, or it is not in a state for this
	exitInterrupted = 130 // as a shell reports a program ended by Ctrl-C
)

// Main runs the command that the program's arguments name and ends the program
// with its exit status.
func Main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	env := &command.Env{
		Name: calledBy(os.Args[0]), Version: buildVersion(), In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Width: term.Width(os.Stdout), Getenv: os.Getenv,
		HTTP: newHTTPClient(), Random: rand.Reader, Now: time.Now, Sleep: sleep,
	}
	done := make(chan error, 1)
	go func() { done <- execute(ctx, env, os.Args[1:]) }()
	err := await(ctx, env, stop, done)
	interrupted := ctx.Err() != nil
	stop()
	if err != nil {
		complain(env, err)
	}
	os.Exit(exitStatus(err, interrupted))
}

// grace is how long an interrupted command has to end by itself.
const grace = 800 * time.Millisecond

// await waits for a command. An interrupted one is left where it is after a while:
// no context ends the reading of a pipe that nobody writes to. A second signal ends
// the program at once, as the system does it.
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

// buildVersion is the version that Go's build gave this program.
func buildVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(unknown)"
	}
	return info.Main.Version
}

// complain says what went wrong. Some of it are the words of others.
func complain(env *command.Env, err error) {
	lines := strings.Split(err.Error(), "\n")
	for i := range lines {
		lines[i] = text.Printable(lines[i])
	}
	fmt.Fprintln(env.Err, "takeup:", strings.Join(lines, "\n"))
}

// newHTTPClient limits a call's silence and not its length: a video is long.
func newHTTPClient() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = 40 * time.Second // API Gateway answers within 29
	return &http.Client{Transport: transport}
}

func exitStatus(err error, interrupted bool) int {
	var usage *command.UsageError
	var invalid *video.InvalidRequest
	var refused *client.Refused
	var open *operate.Unsettled
	var ended *generate.NoVideo
	var none *devstack.NotRunning
	var unready *generate.NotReady
	var lines *batch.WrongLines
	var file *batchfile.Unusable
	switch {
	case err == nil:
		return 0
	case interrupted:
		return exitInterrupted
	case errors.As(err, &usage), errors.As(err, &invalid), errors.As(err, &lines), errors.As(err, &file), errors.As(err, &none), errors.As(err, &refused) && (refused.Invalid() || refused.Unauthorized()):
		return exitUsage
	case errors.As(err, &open):
		return exitUnsettled
	case errors.As(err, &ended):
		return exitNoVideo
	case errors.As(err, &unready), refused != nil && refused.State():
		return exitState
	}
	return exitFailed
}

// sleep waits, unless ctx is over first.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
