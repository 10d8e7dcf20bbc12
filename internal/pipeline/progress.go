package pipeline

import (
	"context"
	"time"

	"github.com/takeup/takeup/internal/video/report"
)

// progressTimeout bounds the recording of a step's progress, during which the job waits. The
// step must have as much time left after it.
const progressTimeout = time.Second

// Tell records a step's progress, at best effort: it drops progress that takes too long to
// record. It is the last thing that an invocation does, once everything else is decided.
func Tell(ctx context.Context, jobs Jobs, now time.Time, id string, progress report.Progress) {
	if deadline, ok := ctx.Deadline(); ok && deadline.Sub(now) < 2*progressTimeout {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, progressTimeout)
	defer cancel()
	_ = jobs.PutProgress(ctx, id, progress)
}
