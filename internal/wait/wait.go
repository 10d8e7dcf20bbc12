// Package wait waits for a time or the end of a context, whichever comes first. It is
// a package of its own because the standard library has no such function, and
// packages that know nothing of each other need it.
package wait

import (
	"context"
	"time"
)

// For waits for d. If ctx ends first, it gives the context's cause.
func For(ctx context.Context, d time.Duration) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
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
