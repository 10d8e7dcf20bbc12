// Package wait waits until a duration has passed or a context is done. It is a package of its own
// since the standard library has no such function, and packages that don't depend on each other
// need it.
package wait

import (
	"context"
	"time"
)

// For waits for d, and not at all if d is zero or less. If ctx is done first, it returns the
// context's cause.
func For(ctx context.Context, d time.Duration) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if d <= 0 {
		// With a timer that is due at once, the race detector of Go 1.26 may crash in a synctest
		// bubble: the bubble's goroutines share one of its contexts for such timers.
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
