// Package submit implements the step Submit of the state machine: it claims a job, and submits its
// request to the provider once. A submission that was not answered is looked up, and a job that
// has no room below a limit waits for its turn.
package submit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/operator"
	"github.com/takeup/takeup/internal/pipeline"
	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/schedule"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/report"
)

// Times are the durations that Submit works with.
type Times struct {
	Call         time.Duration // timeout of a submission
	Write        time.Duration // kept after it for recording the result
	Busy         time.Duration // first wait when the provider is busy; doubles
	LookUpFirst  time.Duration // from a lost answer to the first search for it
	LookUpWindow time.Duration // how long a submission may take to appear in the records: the longest generation
	Hard         time.Duration // how long to wait for a busy provider, from its first refusal; or for its records, from the claim
	CapWait      time.Duration // how long to wait for room below a limit, from the first lack of it
}

// Step submits a job's request to the provider. The provider accepts it at most once.
type Step struct {
	Providers provider.Accounts
	Jobs      Claims
	Schedule  schedule.Schedule
	Timings   pipeline.Forecaster
	Prices    Pricer
	Limits    budget.Limits
	Times     Times
	// ResubmitLost is the operator's choice to send a lost submission again, once, though it may
	// have been charged.
	ResubmitLost bool
	Now          func() time.Time
	// Jitter returns a random part of a duration, so that jobs that were refused together don't
	// return together.
	Jitter func(time.Duration) time.Duration
	Log    *slog.Logger
}

// Run returns the job as
//   - generating, if its request was accepted, now or before: its generation is in the table
//   - waiting, if Submit must be entered again
//   - completed, if its video was stored before: Store checks whether it still is
//
// If a job ends without a generation, its outcome is the error.
//
// No request is accepted twice. A submission is posted once, by the invocation whose claim of
// that attempt is in the table. Another attempt follows only if the one before was certainly not
// accepted.
func (s *Step) Run(ctx context.Context, task Task) (video.Job, error) {
	order, err := read(task)
	if err != nil {
		return video.Job{ID: order.id}, s.reject(ctx, order, err)
	}
	v := &visit{Step: s}
	job, err := v.run(ctx, order)
	v.tell(ctx, order.id)
	return job, err
}

func (s *visit) run(ctx context.Context, order order) (video.Job, error) {
	// Each turn either settles the step, or follows a change that this writer or another one
	// made in the table.
	attempt := -1
	for range 8 {
		entry, version, err := s.Jobs.Get(ctx, order.id)
		// A new attempt uses up a redrive's wish to try again. Other writes don't: marking an
		// execution as started is also a write to the entry.
		if attempt >= 0 && entry.Attempt != attempt {
			order.resume, order.now = false, false
		}
		attempt = entry.Attempt
		var none *video.NoEntry
		if errors.As(err, &none) {
			if order.request == nil {
				return s.missing(ctx, order.id)
			}
			_, _, err = s.Jobs.Create(ctx, video.Entry{
				ID: order.id, Request: *order.request, RequestHash: order.request.Hash(), CreatedAt: s.Now(),
				Origin: video.Origin{Trigger: video.TriggerExecution}, Execution: order.id, Started: true,
			})
			if video.UnlessConflict(err) != nil {
				return video.Job{ID: order.id}, err
			}
			continue
		} else if err != nil {
			return video.Job{ID: order.id}, err
		}
		if order.adopt(&entry) {
			if entry, version, err = s.Jobs.Update(ctx, entry, version); video.UnlessConflict(err) != nil {
				return video.Job{ID: order.id}, err
			} else if err != nil {
				continue
			}
		}
		s.meet(order, entry)
		if r := s.step(ctx, order, entry, version); !r.again {
			if r.err != nil {
				return video.Job{ID: order.id}, r.err
			}
			job := *r.job
			job.ID = order.id
			if job.Status == video.Waiting {
				job.Looks = max(job.Looks, order.looks)
			}
			return job, nil
		}
	}
	return video.Job{ID: order.id, Status: video.Waiting, WaitSeconds: pipeline.Seconds(s.Times.Busy)}, nil
}

// step takes the next step from the state of the job's entry.
func (s *visit) step(ctx context.Context, o order, entry video.Entry, version string) result {
	if o.request != nil && entry.RequestHash != o.request.Hash() {
		return fail(&video.InvalidRequest{Fields: []video.FieldError{{Field: "id", Message: "job " + o.id + " was started with another request; give this one an id of its own"}}})
	}
	if err := o.forgotten(entry); err != nil {
		return fail(err)
	}
	if entry.Outcome != nil && (!o.resume || entry.Outcome.Final()) {
		return fail(entry.Outcome.Err())
	}
	// The entry may name a later execution, which has not started yet.
	entry.Started = entry.Started || entry.Execution == o.execution
	switch {
	case entry.Phase == "":
		return s.submit(ctx, o, entry, version)
	case entry.Phase == video.PhaseAccepted:
		return s.accepted(ctx, o, entry, version)
	case entry.Phase == video.PhaseRefused:
		return s.refused(ctx, o, entry, version)
	case entry.Phase == video.PhaseClaimed && s.Now().Before(entry.ClaimedUntil):
		// The claim's owner may be posting at this moment.
		return done(entry.Job(video.Waiting, pipeline.Seconds(entry.ClaimedUntil.Sub(s.Now()))))
	default:
		return s.lookUp(ctx, o, entry, version)
	}
}

// accepted resumes a job that has a generation. A redrive clears the job's outcome, and the
// discard if the job ended by that. It also clears the manifest: Store checks whether the video
// is still stored, and records it again.
func (s *visit) accepted(ctx context.Context, o order, entry video.Entry, version string) result {
	stored := entry.Manifest != nil && entry.Outcome == nil
	if entry.Outcome != nil && entry.Outcome.Chosen() {
		entry.DiscardedAt = time.Time{}
	}
	if stored || entry.Outcome != nil {
		entry.Outcome, entry.Manifest = nil, nil
		if _, _, err := s.Jobs.Update(ctx, entry, version); err != nil {
			return unwritten(err)
		}
	}
	switch {
	case stored:
		return done(entry.Job(video.Completed, 1))
	case o.now:
		return done(entry.Job(video.Generating, 1))
	}
	return done(s.generating(ctx, entry))
}

// generating returns the job of an accepted submission, with the wait before the first poll.
func (s *visit) generating(ctx context.Context, entry video.Entry) video.Job {
	forecast := s.Timings.Forecast(ctx, entry.Request.Model(), entry.Request.Duration())
	return entry.Job(video.Generating, pipeline.Seconds(s.Schedule.FirstWait(forecast, s.Now().Sub(entry.SubmittedAt))))
}

// refused resumes a job whose last attempt was certainly not accepted. It makes another attempt
// once it is due, or at once if a redrive asks for it.
func (s *visit) refused(ctx context.Context, o order, entry video.Entry, version string) result {
	if left := entry.RetryAt.Sub(s.Now()); left > 0 && !o.now {
		return done(entry.Job(video.Waiting, pipeline.Seconds(left)))
	}
	if o.now {
		entry.BusySince, entry.FullSince = time.Time{}, time.Time{}
	}
	return s.submit(ctx, o, entry, version)
}

// submit claims the next attempt and posts it.
func (s *visit) submit(ctx context.Context, o order, entry video.Entry, version string) result {
	account, err := s.Providers.Making(entry.Request.Model())
	if err != nil {
		return fail(err)
	}
	key, err := account.Keys.Current(ctx)
	if err != nil {
		return fail(err)
	}
	micros, err := s.Prices.Price(ctx, entry.Request)
	if err != nil {
		return fail(err)
	}
	began, unclaimed := s.Now(), entry
	if deadline, ok := ctx.Deadline(); ok && deadline.Sub(began) < s.Times.Call+s.Times.Write {
		return fail(&video.ServiceUnavailable{Doing: "submitting", Err: errors.New("the function has no time left for a submission and the record of it; raise its timeout")})
	}
	lost := entry.Phase == video.PhaseClaimed || entry.Phase == video.PhaseUnanswered
	entry.Resubmitted = entry.Resubmitted || lost
	entry.Phase, entry.Attempt, entry.Turn = video.PhaseClaimed, entry.Attempt+1, entry.TurnAt(began)
	entry.ClaimedAt, entry.ClaimedUntil = began, began.Add(s.Times.Call+s.Times.Write)
	entry.Provider, entry.KeyVersion = account.Provider.Name(), key.Version
	entry.Refusal, entry.RetryAt, entry.Candidate, entry.Outcome = nil, time.Time{}, "", nil
	entry.FullSince, entry.FullOf, entry.CountedUntil, entry.PausedSince = time.Time{}, "", time.Time{}, time.Time{}
	entry.SearchedSince, entry.AbsentAt = time.Time{}, time.Time{}
	entry.Reserve(micros, began)
	read := version
	line, err := s.Jobs.Turn(ctx, entry, s.Limits, began)
	if err == nil {
		entry, version, err = s.Jobs.Claim(ctx, entry, version, s.Limits)
	}
	var paused *operator.Paused
	var full *budget.NoRoom
	var cancelled *video.BatchCancelled
	switch {
	case errors.As(err, &paused):
		return s.pause(ctx, unclaimed, read, paused)
	case errors.As(err, &full):
		full.Ahead = line[full.Limit]
		return s.full(ctx, o, unclaimed, read, full)
	case errors.As(err, &cancelled):
		return s.withBatch(ctx, unclaimed, read)
	case err != nil:
		return unwritten(err)
	}
	if lost {
		s.note(report.Event{At: began, Kind: report.EventLost, Number: entry.Attempt - 1})
	}

	// The claim may have taken long. Don't post anything that can't end and be recorded before
	// the claim ends.
	call, cancel := context.WithTimeout(ctx, s.Times.Call)
	defer cancel()
	var generation provider.Generation
	if left := entry.ClaimedUntil.Sub(s.Now()); left < s.Times.Call {
		err = &provider.Refusal{Kind: provider.RefusedUnreachable, Said: "the claim took too long to leave time for the call"}
	} else {
		generation, err = account.Provider.Submit(call, key, entry.Reference(), entry.Request)
	}
	var refusal *provider.Refusal
	var unanswered *provider.Unanswered
	switch {
	case err == nil:
		return s.accept(ctx, entry, version, generation)
	case errors.As(err, &unanswered):
		// This holds even if it wraps a refusal: an adapter that repeated its call may have been
		// refused only the second time.
		s.Log.WarnContext(ctx, "submission unanswered", "job", entry.ID, "attempt", entry.Attempt, "error", unanswered.Error())
		written, err := s.amend(ctx, entry, version, func(entry *video.Entry) {
			entry.Phase, entry.Candidate = video.PhaseUnanswered, string(unanswered.Candidate)
			entry.Doubt()
		})
		s.note(report.Event{Kind: report.EventUnanswered, Number: entry.Attempt})
		s.waits(report.WaitAnswer, entry.Attempt, s.Times.LookUpFirst, entry.ClaimedUntil.Add(s.Times.LookUpWindow), "")
		if !written {
			return unwritten(err)
		}
		return done(entry.Job(video.Waiting, pipeline.Seconds(s.Times.LookUpFirst)))
	case errors.As(err, &refusal):
		return s.refuse(ctx, entry, version, account.Keys, key, refusal)
	}
	return fail(err)
}

// accept records a generation. If that fails, the error has its id, and the next Submit finds
// the submission at the provider.
func (s *visit) accept(ctx context.Context, entry video.Entry, version string, generation provider.Generation) result {
	attempt, answered := entry.Attempt, s.Now()
	for range 3 {
		entry.Phase, entry.Candidate = video.PhaseAccepted, ""
		entry.Handle, entry.GenerationID = string(generation.Handle), generation.ID
		entry.SubmittedAt, entry.Outcome = entry.ClaimedAt, nil
		entry.Book(budget.Reserved, 0)
		_, _, err := s.Jobs.Update(ctx, entry, version)
		if err == nil {
			job := s.generating(ctx, entry)
			if generation.State == provider.Running {
				job.RunningAt = answered
			}
			return done(job)
		}
		var conflict *video.Conflict
		if !errors.As(err, &conflict) {
			return fail(fmt.Errorf("recording generation %s of job %s: %w", generation.ID, entry.ID, err))
		}
		if entry, version, err = s.Jobs.Get(ctx, entry.ID); err != nil {
			return fail(fmt.Errorf("recording generation %s: %w", generation.ID, err))
		}
		if entry.Attempt != attempt || entry.Phase == video.PhaseAccepted {
			// Another invocation found the same submission, or made the next attempt.
			return readAgain()
		}
	}
	return readAgain()
}

// refuse records that an attempt was not accepted, and decides what follows.
func (s *visit) refuse(ctx context.Context, entry video.Entry, version string, keys provider.Keys, key video.Key, refusal *provider.Refusal) result {
	words := entry.Request.Redact(refusal.Said)
	kind := refusal.Kind
	var outcome error
	wait := time.Duration(0)
	switch kind {
	case provider.RefusedKey:
		again, err := keys.Reread(ctx)
		if err != nil {
			return fail(err)
		}
		if again.Value == key.Value {
			outcome = &video.Unauthorized{Said: words}
		}
	case provider.RefusedFunds:
		outcome = &video.OutOfCredits{Said: words}
	case provider.RefusedBusy, provider.RefusedUnreachable:
		wait = max(refusal.RetryAfter, s.Times.Busy<<min(entry.Attempt-1, 5))
		wait += s.Jitter(wait / 4)
		if entry.BusySince.IsZero() {
			entry.BusySince = s.Now()
		}
		wait = max(wait, schedule.Sparse(s.Now().Sub(entry.BusySince)))
		if s.Now().Sub(entry.BusySince) >= s.Times.Hard {
			outcome = &video.ProviderBusy{Said: words}
		}
	default:
		kind = provider.RefusedInvalid
		outcome = &video.InvalidRequest{Fields: []video.FieldError{{Message: "the provider refused it: " + words}}}
	}
	written, err := s.amend(ctx, entry, version, func(entry *video.Entry) {
		entry.Phase, entry.Refusal, entry.RetryAt = video.PhaseRefused, &video.Refused{Kind: string(kind), Said: words}, s.Now().Add(wait)
		if !entry.DiscardedAt.IsZero() {
			outcome = &video.Cancelled{} // what was not accepted by now never will be
		}
		if outcome != nil {
			entry.End(outcome, s.Now())
		} else {
			entry.Book(budget.Released, 0)
		}
	})
	if err != nil || !written {
		return unwritten(err)
	}
	s.note(report.Event{Kind: report.EventRefused, Number: entry.Attempt, Said: words})
	switch {
	case outcome != nil:
		return fail(outcome)
	case wait > 0:
		s.waits(report.WaitRoom, entry.Attempt, wait, entry.BusySince.Add(s.Times.Hard), words)
		return done(entry.Job(video.Waiting, pipeline.Seconds(wait)))
	}
	return readAgain() // with the reread key
}
