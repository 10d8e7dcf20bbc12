// Package pipeline has what the steps of the state machine share. Packages submit, check and store
// implement one step each. A step can be entered again at any time, by two invocations at once
// and after any crash: it continues from the state of the table and the videos bucket. The tests
// here play whole jobs through the three steps.
package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/report"
)

// Handler returns a Lambda handler for a step. It logs one line for each invocation. Its error
// is always one of the outcomes in package video, whatever the step returned and even if it
// panicked.
func Handler[In any](logger *slog.Logger, now func() time.Time, name string, step func(context.Context, In) (video.Job, error)) func(context.Context, In) (video.Job, error) {
	return func(ctx context.Context, in In) (job video.Job, err error) {
		began := now()
		defer func() {
			if r := recover(); r != nil {
				err = &video.ServiceUnavailable{Doing: "the step " + name, Err: fmt.Errorf("it panicked: %v", r)}
			}
			err = video.OutcomeOf(err)
			attributes := []any{
				"job", job.ID, "status", job.Status, "generation", job.GenerationID,
				"wait_seconds", job.WaitSeconds, "elapsed_ms", now().Sub(began).Milliseconds(),
			}
			if err != nil {
				logger.ErrorContext(ctx, name, append(attributes, "error", video.OutcomeName(err), "message", err.Error())...)
				job = video.Job{}
				return
			}
			logger.InfoContext(ctx, name, attributes...)
		}()
		return step(ctx, in)
	}
}

// Jobs stores one versioned entry for each job. Of several concurrent writers of a version, one
// succeeds.
type Jobs interface {
	// Get returns an entry and its version, or a *video.NoEntry.
	Get(ctx context.Context, id string) (video.Entry, string, error)
	// Create writes the first entry of a job. It returns a *video.Conflict if there is one.
	Create(context.Context, video.Entry) (video.Entry, string, error)
	// Update replaces the version that was read. It returns a *video.Conflict if that has
	// changed.
	Update(ctx context.Context, entry video.Entry, version string) (video.Entry, string, error)
	// PutProgress replaces the progress that a step recorded for a job.
	PutProgress(ctx context.Context, id string, progress report.Progress) error
}

// PollTimeout bounds one request for a generation's state. It is far more than that needs.
const PollTimeout = 10 * time.Second

// Retrieve asks the provider for the state of the job's generation, within PollTimeout. The error
// is a *provider.Refusal, a *provider.Unanswered, or a failure of this stack.
func Retrieve(ctx context.Context, providers provider.Accounts, job video.Job) (provider.Generation, error) {
	account, err := providers.Named(job.Provider)
	if err != nil {
		return provider.Generation{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, PollTimeout)
	defer cancel()
	return account.Retrieve(ctx, provider.Handle(job.Handle))
}

// End records and returns a job's outcome, so that the API and a redrive know it after Step
// Functions forgets the execution. If the outcome can't be recorded, End still returns it, and
// the execution has it. End doesn't record the outcome if the job has another generation by now.
func End(ctx context.Context, jobs Jobs, now func() time.Time, job video.Job, outcome error) error {
	for range 3 {
		entry, version, err := jobs.Get(ctx, job.ID)
		if err != nil || entry.GenerationID != job.GenerationID {
			return outcome
		}
		if entry.Over() {
			return entry.Outcome.Err() // a step that is entered twice ends with the same outcome
		}
		var failed *video.GenerationFailed
		var overdue *video.GenerationOverdue
		switch {
		case errors.As(outcome, &failed):
			failed.Said = entry.Request.Redact(failed.Said)
		case errors.As(outcome, &overdue):
			overdue.Said = entry.Request.Redact(overdue.Said)
		}
		entry.End(outcome, now())
		var conflict *video.Conflict
		if _, _, err = jobs.Update(ctx, entry, version); !errors.As(err, &conflict) {
			return outcome
		}
	}
	return outcome
}
