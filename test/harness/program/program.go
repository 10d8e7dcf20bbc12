// Package program runs the main of a command that takes long: it ends by a signal, and says why
// it failed. It is a package of its own since the benches and chaos share nothing else.
package program

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// ErrFailed is the error of a run whose report says what failed.
var ErrFailed = errors.New("failed, as the report says")

// Main runs a command until it ends or a signal cancels its context. After an error it prints
// that, unless it is ErrFailed, and exits with 1.
func Main(name string, run func(context.Context) error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err == nil {
		return
	}
	if !errors.Is(err, ErrFailed) {
		fmt.Fprintln(os.Stderr, name+":", err)
	}
	os.Exit(1)
}
