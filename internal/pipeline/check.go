package pipeline

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/takeup/takeup/internal/video"
)

// Check looks once how a generation is doing.
type Check struct {
	Provider Retriever
	Keys     Keys
	Ledger   Ledger
	Schedule Schedule
	Now      func() time.Time
	Log      *slog.Logger
}

// Run gives the job as completed, or as generating with the wait before the next
// look. One look that fails, is garbled or is refused ends nothing: the job is
// paid, and time may mend it. The endings are GenerationFailed, in the
// provider's words, and GenerationOverdue, after a fresh look past the hard
// deadline.
func (c *Check) Run(ctx context.Context, job video.Job) (video.Job, error) {
	generation, err := retrieve(ctx, c.Provider, c.Keys, job.Route, job.GenerationID, job.Model)
	elapsed := c.Now().Sub(job.SubmittedAt)
	last := generation.Word
	var asked time.Duration // the provider's own wish
	var refusal *video.Refusal
	var unanswered *video.Unanswered
	switch {
	case err == nil:
	case errors.As(err, &refusal):
		last, asked = refusal.Error(), refusal.RetryAfter
	case errors.As(err, &unanswered):
		last, asked = unanswered.Error(), unanswered.RetryAfter
	default:
		return job, err
	}
	if err != nil {
		c.Log.WarnContext(ctx, "look failed", "job", job.ID, "generation", job.GenerationID, "error", last)
	}

	switch {
	case generation.State == video.Failed:
		return job, end(ctx, c.Ledger, c.Now, job.ID, &video.GenerationFailed{GenerationID: job.GenerationID, Said: generation.Failure})
	case generation.State == video.Finished && (generation.URL != "" || elapsed >= c.Schedule.Soft):
		// Without a URL it is asked again until the soft deadline. From there
		// Store asks, which names what is missing and is retried for hours.
		job.GenerationID, job.Status, job.WaitSeconds = generation.ID, video.Completed, 1
		return job, nil
	case elapsed >= c.Schedule.Hard:
		return job, end(ctx, c.Ledger, c.Now, job.ID, &video.GenerationOverdue{GenerationID: job.GenerationID, Said: last})
	}
	job.Status, job.WaitSeconds = video.Generating, seconds(max(c.Schedule.Next(elapsed), asked))
	return job, nil
}
