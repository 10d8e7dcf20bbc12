package pipeline

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/schedule"
	"github.com/takeup/takeup/internal/video"
)

const (
	// lookTime is the most that one request takes: far more than it needs.
	lookTime = 10 * time.Second
	// reserve is what a check keeps of the function's time for its last request
	// and for what follows from it.
	reserve = lookTime + 5*time.Second
	// lateness is by how much a check begins late where Lambda had no room for
	// it, or an earlier try was cut off. Step Functions' own delay is below it.
	lateness = 10 * time.Second
	// throttled is the part of a generation's age that is waited at least where
	// the provider was asked too often.
	throttled = 8
)

// Check asks how a generation is doing, once or for a poll window.
type Check struct {
	Providers provider.Accounts
	Jobs      Jobs
	Schedule  schedule.Schedule
	Timings   Learner
	Now       func() time.Time
	// Sleep waits, unless the context is over first, and then gives its error.
	Sleep func(context.Context, time.Duration) error
	Log   *slog.Logger
}

// Run gives the job as completed, or as generating with the wait before the next
// check. One look that fails, is garbled or is refused ends nothing: the job is
// paid, and time may mend it. The outcomes are GenerationFailed, in the
// provider's words, and GenerationOverdue, after a fresh look past the hard
// deadline.
func (c *Check) Run(ctx context.Context, job video.Job) (video.Job, error) {
	job, last, err := c.ask(ctx, job)
	if !last.at.IsZero() {
		c.tell(ctx, job, last)
	}
	return job, err
}

// tell tells of the job's looks, the last of which is given.
func (c *Check) tell(ctx context.Context, job video.Job, last look) {
	now := c.Now()
	progress := video.Progress{Step: video.StepCheck, Wait: video.Wait{Kind: video.WaitGeneration, At: now, Until: job.SubmittedAt.Add(c.Schedule.Hard)}}
	if last.failure != nil {
		progress.Wait.LastError = plain(last.failure)
	}
	progress.Add(video.Event{At: last.at, Kind: video.EventPolled, Times: job.Polls, Said: progress.Wait.LastError})
	if job.Status == video.Completed {
		progress.Wait = video.Wait{Kind: video.WaitVideo, At: now}
		progress.Add(video.Event{At: job.CompletedAt, Kind: video.EventDone})
	} else {
		progress.Wait.NextAt = now.Add(time.Duration(job.WaitSeconds) * time.Second)
	}
	tell(ctx, c.Jobs, now, job.ID, progress)
}

// ask is Run, and gives the last look besides; a zero one where that could not be
// made.
func (c *Check) ask(ctx context.Context, job video.Job) (video.Job, look, error) {
	began := c.Now()
	forecast := c.Timings.Forecast(ctx, job.Model, job.Duration)
	// Without room, a Lambda is not held longer than for one look.
	due := job.RunningAt.Add(time.Duration(job.WaitSeconds) * time.Second)
	once := !job.RunningAt.IsZero() && began.Sub(due) > lateness
	for first := c.Now(); ; {
		asked := c.Now()
		age := asked.Sub(job.SubmittedAt)
		job.Polls++
		look, err := c.look(ctx, job)
		if err != nil {
			return job, look, err
		}
		look.at = asked
		if settled, err := c.settle(ctx, &job, look, age); settled {
			return job, look, err
		}
		running := look.failure == nil && look.generation.State == provider.Running
		if running {
			job.RunningAt = asked
		}
		gap, again := c.Schedule.Again(forecast, age, asked.Sub(first))
		if !running || once || !again || !c.pause(ctx, asked.Add(gap)) {
			now := c.Now()
			wait := max(c.Schedule.Wait(forecast, now.Sub(job.SubmittedAt), now.Sub(began)), look.retryAfter)
			if look.busy {
				wait = max(wait, age/throttled)
			}
			job.Status, job.WaitSeconds = video.Generating, seconds(wait)
			return job, look, nil
		}
	}
}

// look is what one request told.
type look struct {
	at         time.Time // when it was asked
	generation provider.Generation
	said       string // the provider's word for its state, or why there is none
	failure    error  // why it told nothing
	busy       bool   // it was asked too often
	retryAfter time.Duration
}

// look asks once. The error is one of ours, where the step has to be entered
// again.
func (c *Check) look(ctx context.Context, job video.Job) (look, error) {
	call, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	generation, err := retrieve(call, c.Providers, job)
	got := look{generation: generation, said: generation.Word, failure: err}
	var refusal *provider.Refusal
	var unanswered *provider.Unanswered
	switch {
	case err == nil:
		return got, nil
	case errors.As(err, &refusal):
		got.said, got.retryAfter, got.busy = refusal.Error(), refusal.RetryAfter, refusal.Kind == provider.RefusedBusy
	case errors.As(err, &unanswered):
		got.said, got.retryAfter = unanswered.Error(), unanswered.RetryAfter
	default:
		return got, err
	}
	said := got.said
	if refusal != nil {
		said = "refused: " + string(refusal.Kind) // its words may have the prompt, which isn't at hand here
	}
	c.Log.WarnContext(ctx, "look failed", "job", job.ID, "generation", job.GenerationID, "error", said)
	return got, nil
}

// settle ends the check where the look at a generation of that age says how the
// job goes on, or ends.
func (c *Check) settle(ctx context.Context, job *video.Job, look look, age time.Duration) (bool, error) {
	generation := look.generation
	switch {
	case generation.State == provider.Failed:
		return true, end(ctx, c.Jobs, c.Now, *job, &video.GenerationFailed{GenerationID: job.GenerationID, Said: generation.Failure})
	case generation.State == provider.Finished && (generation.URL != "" || age >= c.Schedule.Soft):
		// Without a URL it is asked again until the soft deadline. From there
		// Store asks, which names what is missing and is retried for hours.
		seen := schedule.Seen{By: age}
		if !job.RunningAt.IsZero() {
			seen.After = job.RunningAt.Sub(job.SubmittedAt)
		}
		c.Timings.Learn(ctx, job.Model, job.Duration, seen, generation.Micros)
		job.Handle, job.Status, job.WaitSeconds = string(generation.Handle), video.Completed, 1
		job.CompletedAt = c.Now()
		return true, nil
	case age >= c.Schedule.Hard:
		return true, end(ctx, c.Jobs, c.Now, *job, &video.GenerationOverdue{GenerationID: job.GenerationID, Said: look.said})
	}
	return false, nil
}

// pause waits until a poll window's next request. It is false where the function's time
// would not last for that one, or ended.
func (c *Check) pause(ctx context.Context, until time.Time) bool {
	if deadline, ok := ctx.Deadline(); ok && deadline.Sub(until) < reserve {
		return false
	}
	return c.Sleep(ctx, until.Sub(c.Now())) == nil
}
