// Package check implements the step Check of the state machine: it polls the provider until a
// generation ends or the poll window is over.
package check

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/takeup/takeup/internal/pipeline"
	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/schedule"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/report"
)

const (
	// reserve is the part of the function's time that a check keeps for its last request and for
	// recording the result.
	reserve = pipeline.PollTimeout + 5*time.Second
	// lateness is how late a check must begin to count as throttled by Lambda, or as a retry of
	// one that was cut off. Step Functions' own delay is shorter.
	lateness = 10 * time.Second
	// throttled divides a generation's age: a check waits at least that part of the age after
	// the provider reported too many requests.
	throttled = 8
)

// Learner is a Forecaster that learns how long a generation took and what it cost, in
// micro-dollars; 0 is unknown. Learn never fails either: at worst the value is not kept.
type Learner interface {
	pipeline.Forecaster
	Learn(ctx context.Context, model string, duration int, seen schedule.Seen, micros int64)
}

// Step polls a generation, once or for a poll window.
type Step struct {
	Providers provider.Accounts
	Jobs      pipeline.Jobs
	Schedule  schedule.Schedule
	Timings   Learner
	Now       func() time.Time
	// Sleep waits. It returns an error if the context ends first.
	Sleep func(context.Context, time.Duration) error
	Log   *slog.Logger
}

// Run returns the job as completed, or as generating with the wait before the next check. A poll
// that fails, is refused or can't be parsed doesn't end the job: the video is paid for, and the
// next poll may succeed. The outcomes are *video.GenerationFailed, with the provider's message,
// and *video.GenerationOverdue, after a last poll past the hard deadline.
func (c *Step) Run(ctx context.Context, job video.Job) (video.Job, error) {
	job, last, err := c.run(ctx, job)
	if !last.at.IsZero() {
		c.tell(ctx, job, last)
	}
	return job, err
}

// Tell records the job's progress after its last poll.
func (c *Step) tell(ctx context.Context, job video.Job, last poll) {
	now := c.Now()
	progress := report.Progress{Step: report.StepCheck, Wait: report.Wait{Kind: report.WaitGeneration, At: now, Until: job.SubmittedAt.Add(c.Schedule.Hard)}}
	if last.failure != nil {
		progress.Wait.LastError = plain(last.failure)
	}
	progress.Add(report.Event{At: last.at, Kind: report.EventPolled, Times: job.Polls, Said: progress.Wait.LastError})
	if job.Status == video.Completed {
		progress.Wait = report.Wait{Kind: report.WaitVideo, At: now}
		progress.Add(report.Event{At: job.CompletedAt, Kind: report.EventDone})
	} else {
		progress.Wait.NextAt = now.Add(time.Duration(job.WaitSeconds) * time.Second)
	}
	pipeline.Tell(ctx, c.Jobs, now, job.ID, progress)
}

// run implements Run. It also returns the last poll, which is zero if none could be made.
func (c *Step) run(ctx context.Context, job video.Job) (video.Job, poll, error) {
	began := c.Now()
	forecast := c.Timings.Forecast(ctx, job.Model, job.Duration)
	// While Lambda throttles, a check polls only once, so as not to hold a function.
	due := job.RunningAt.Add(time.Duration(job.WaitSeconds) * time.Second)
	once := !job.RunningAt.IsZero() && began.Sub(due) > lateness
	for first := c.Now(); ; {
		asked := c.Now()
		age := asked.Sub(job.SubmittedAt)
		job.Polls++
		poll, err := c.poll(ctx, job)
		if err != nil {
			return job, poll, err
		}
		poll.at = asked
		if settled, err := c.settle(ctx, &job, poll, age); settled {
			return job, poll, err
		}
		running := poll.failure == nil && poll.generation.State == provider.Running
		if running {
			job.RunningAt = asked
		}
		gap, again := c.Schedule.Again(forecast, age, asked.Sub(first))
		if !running || once || !again || !c.pause(ctx, asked.Add(gap)) {
			now := c.Now()
			wait := max(c.Schedule.Wait(forecast, now.Sub(job.SubmittedAt), now.Sub(began)), poll.retryAfter)
			if poll.busy {
				wait = max(wait, age/throttled)
			}
			job.Status, job.WaitSeconds = video.Generating, pipeline.Seconds(wait)
			return job, poll, nil
		}
	}
}

// poll is the result of one request.
type poll struct {
	at         time.Time // when the request was made
	generation provider.Generation
	said       string // the provider's word for its state, or why it is unknown
	failure    error  // why the state is unknown
	busy       bool   // the provider reported too many requests
	retryAfter time.Duration
}

// poll makes one request. It returns an error only for a failure of this stack, after which the
// step must be entered again.
func (c *Step) poll(ctx context.Context, job video.Job) (poll, error) {
	generation, err := pipeline.Retrieve(ctx, c.Providers, job)
	got := poll{generation: generation, said: generation.Word, failure: err}
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
		said = "refused: " + string(refusal.Kind) // its message may contain the prompt, which Check doesn't know and can't redact
	}
	c.Log.WarnContext(ctx, "poll failed", "job", job.ID, "generation", job.GenerationID, "error", said)
	return got, nil
}

// settle reports whether the poll completes or ends the job. The age is the generation's at the
// time of the poll.
func (c *Step) settle(ctx context.Context, job *video.Job, poll poll, age time.Duration) (bool, error) {
	generation := poll.generation
	switch {
	case generation.State == provider.Failed:
		return true, pipeline.End(ctx, c.Jobs, c.Now, *job, &video.GenerationFailed{GenerationID: job.GenerationID, Said: generation.Failure})
	case generation.State == provider.Finished && (generation.URL != "" || age >= c.Schedule.Soft):
		// Without a URL, Check polls again until the soft deadline. Then Store asks for the URL:
		// its error says what is missing, and it is retried for hours.
		seen := schedule.Seen{By: age}
		if !job.RunningAt.IsZero() {
			seen.After = job.RunningAt.Sub(job.SubmittedAt)
		}
		c.Timings.Learn(ctx, job.Model, job.Duration, seen, generation.Micros)
		job.Handle, job.Status, job.WaitSeconds = string(generation.Handle), video.Completed, 1
		job.CompletedAt = c.Now()
		return true, nil
	case age >= c.Schedule.Hard:
		return true, pipeline.End(ctx, c.Jobs, c.Now, *job, &video.GenerationOverdue{GenerationID: job.GenerationID, Said: poll.said})
	}
	return false, nil
}

// pause waits until the next request of a poll window. It returns false if the function has no
// time left for that request.
func (c *Step) pause(ctx context.Context, until time.Time) bool {
	if deadline, ok := ctx.Deadline(); ok && deadline.Sub(until) < reserve {
		return false
	}
	return c.Sleep(ctx, until.Sub(c.Now())) == nil
}

// plain says why a poll failed, without the provider's message. The message may contain the
// prompt, which Check doesn't know and can't redact.
func plain(err error) string {
	var refusal *provider.Refusal
	if !errors.As(err, &refusal) {
		return "the provider gave no usable answer"
	}
	switch refusal.Kind {
	case provider.RefusedBusy:
		return "the provider was asked too often"
	case provider.RefusedUnreachable:
		return "the provider could not be reached"
	case provider.RefusedKey:
		return "the provider does not accept the API key"
	case provider.RefusedUnknown:
		return "the provider does not know the generation"
	}
	return "the provider refused to answer"
}
