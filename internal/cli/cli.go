// Package cli is the command line: what takeup's commands do, and what they print.
package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/takeup/takeup/internal/api/client"
	"github.com/takeup/takeup/internal/batch/batchfile"
	"github.com/takeup/takeup/internal/dev/stack"
	"github.com/takeup/takeup/internal/text"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/wait"
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

// world is what the commands use of the outside.
type world struct {
	name    string // what this program is called by, for commands that are told
	version string
	in      *os.File
	out     io.Writer // what was asked for
	err     io.Writer // what is told beside it
	width   int       // of the terminal that out is; 0 where it is none
	getenv  func(string) string
	http    *http.Client
	random  io.Reader
	now     func() time.Time
	sleep   func(context.Context, time.Duration) error
	// cleaning is set while a command has a stack to end, which it is waited for.
	cleaning atomic.Bool
}

// Main runs the command that the program's arguments name and ends the program
// with its exit status.
func Main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	w := &world{
		name: calledBy(os.Args[0]), version: buildVersion(), in: os.Stdin, out: os.Stdout, err: os.Stderr, width: terminalWidth(os.Stdout), getenv: os.Getenv,
		http: newHTTPClient(), random: rand.Reader, now: time.Now, sleep: wait.For,
	}
	done := make(chan error, 1)
	go func() { done <- command(ctx, w, os.Args[1:]) }()
	err := w.await(ctx, stop, done)
	interrupted := ctx.Err() != nil
	stop()
	if err != nil {
		w.complain(err)
	}
	os.Exit(exitStatus(err, interrupted))
}

// grace is how long an interrupted command has to end by itself.
const grace = 800 * time.Millisecond

// await waits for a command. An interrupted one is left where it is after a while:
// no context ends the reading of a pipe that nobody writes to. A second signal ends
// the program at once, as the system does it.
func (w *world) await(ctx context.Context, stop func(), done <-chan error) error {
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
			if !w.cleaning.Load() {
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
func (w *world) complain(err error) {
	lines := strings.Split(err.Error(), "\n")
	for i := range lines {
		lines[i] = text.Printable(lines[i])
	}
	fmt.Fprintln(w.err, "takeup:", strings.Join(lines, "\n"))
}

// newHTTPClient limits a call's silence and not its length: a video is long.
func newHTTPClient() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = 40 * time.Second // API Gateway answers within 29
	return &http.Client{Transport: transport}
}

// usageError is a command line that can't be used.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() + "; takeup --help shows what there is" }

func (e *usageError) Unwrap() error { return e.err }

func exitStatus(err error, interrupted bool) int {
	var usage *usageError
	var invalid *video.InvalidRequest
	var refused *client.Refused
	var open *unsettled
	var ended *noVideo
	var none *stack.NotRunning
	var unready *notReady
	var lines *wrongLines
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
