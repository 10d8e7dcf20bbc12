// Command takeup turns prompts into videos, by a Takeup stack: one that it
// starts on this machine, or one that is given by address and token.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"github.com/takeup/takeup/internal/video"
)

// The exit statuses.
const (
	exitFailed      = 1
	exitUsage       = 2   // the request or the command line can't be used as it is
	exitUnsettled   = 3   // reconcile: not all is accounted for
	exitInterrupted = 130 // as a shell reports a program ended by Ctrl-C
)

// commands are what can be typed.
type commands struct {
	Generate  generateCommand  `cmd:"" help:"Generate a video from a prompt, and download it."`
	Redrive   redriveCommand   `cmd:"" help:"Go on with jobs that ended without a video. Nothing is paid twice."`
	Reconcile reconcileCommand `cmd:"" help:"Name what was paid without a video, and what was lost on the way."`
	Up        upCommand        `cmd:"" help:"Start a local stack and leave it running."`
	Down      downCommand      `cmd:"" help:"End the local stack that up started."`
	Run       runCommand       `cmd:"" help:"Start a local stack, generate one video, end the stack: what make run does." hidden:""`
	Build     buildCommand     `cmd:"" help:"Build the template and its functions for sam deploy: what make build does." hidden:""`
}

// world is what the commands use of the outside.
type world struct {
	in     *os.File
	out    io.Writer
	http   *http.Client
	random io.Reader
	now    func() time.Time
	sleep  func(context.Context, time.Duration) error
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	w := &world{
		in: os.Stdin, out: os.Stdout, http: newHTTPClient(), random: rand.Reader, now: time.Now, sleep: sleep,
	}
	err := command(ctx, w, os.Args[1:])
	interrupted := ctx.Err() != nil
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "takeup:", err)
	}
	os.Exit(exitStatus(err, interrupted))
}

// command does what the arguments ask for.
func command(ctx context.Context, w *world, args []string) error {
	parser, err := kong.New(&commands{},
		kong.Name("takeup"),
		kong.Description("Turns prompts into videos in an S3 bucket of your own."),
		kong.UsageOnError(),
		kong.Bind(w),
		kong.BindTo(ctx, (*context.Context)(nil)),
	)
	if err != nil {
		return err
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		return &usageError{err}
	}
	return parsed.Run()
}

// usageError is a command line that can't be used.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() + "; takeup --help shows what there is" }

func exitStatus(err error, interrupted bool) int {
	var usage *usageError
	var invalid *video.InvalidRequest
	var refused *apiError
	var open *unsettled
	switch {
	case err == nil:
		return 0
	case interrupted:
		return exitInterrupted
	case errors.As(err, &usage), errors.As(err, &invalid), errors.As(err, &refused) && refused.Status == http.StatusBadRequest:
		return exitUsage
	case errors.As(err, &open):
		return exitUnsettled
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
