package jobs

import (
	"context"
	"errors"

	"github.com/takeup/takeup/internal/jobs/runs"
	"github.com/takeup/takeup/internal/jobs/view"
	"github.com/takeup/takeup/internal/video"
)

// Mismatch is the error for an id that another request has: the same Idempotency-Key came with
// another body. Nothing was started.
type Mismatch struct{ ID string }

func (e *Mismatch) Error() string {
	return "job " + e.ID + " is another request; nothing was started"
}

// Receipt says which job a request became.
type Receipt struct {
	view.View
	// Known means that the job was started before.
	Known bool
}

// Start starts a job with that id, once. If there is a job already, an equal request returns it,
// however long ago it ended, and another request returns a *Mismatch. A forgotten job stays
// forgotten. A job whose execution failed before anything was submitted is started again, by an
// execution that is numbered like a redrive. A job keeps the origin that it was created with.
//
// The job's item is written before its execution is started, and names it. If an item isn't
// marked as started, its reader starts the execution under the same name, so that a job has at
// most one execution at a time.
//
// A new job is created only if the gate admits it; otherwise the error is the gate's.
//
// After a *video.ServiceUnavailable it isn't known whether the job was started. Starting it
// again with the same id is safe.
func (s *Service) Start(ctx context.Context, id string, r video.Request, from video.Origin) (Receipt, error) {
	// Most requests are new, so the job is created without being read.
	return s.start(ctx, id, r, from, true)
}

// start is Start. If fresh, it first creates the job, and reads it only if that is refused.
func (s *Service) start(ctx context.Context, id string, r video.Request, from video.Origin, fresh bool) (Receipt, error) {
	if err := video.CheckID(id); err != nil {
		return Receipt{}, err
	}
	for turn := range turns {
		var entry video.Entry
		var version string
		err := error(&video.NoEntry{ID: id})
		unread := fresh && turn == 0
		if !unread {
			entry, version, err = s.table.Get(ctx, id)
		}
		var absent *video.NoEntry
		if errors.As(err, &absent) {
			if err := s.admit(ctx, r, from); err != nil && unread {
				continue // a job that is there needs no admission
			} else if err != nil {
				return Receipt{}, err
			}
			entry, version, err = s.table.Create(ctx, video.Entry{
				ID: id, Request: r, RequestHash: r.Hash(), CreatedAt: s.now(), Origin: from, Execution: id,
			})
		}
		switch {
		case video.UnlessConflict(err) != nil:
			return Receipt{}, video.Unavailable("reading or writing the job", err)
		case err != nil:
			continue
		case entry.RequestHash != r.Hash():
			return Receipt{}, &Mismatch{ID: id}
		case !entry.ForgottenAt.IsZero():
			return Receipt{view.Of(entry, s.now()), true}, nil
		case entry.Outcome != nil && !entry.Unclaimed() && (entry.Started || entry.Outcome.Final()):
			return Receipt{view.Of(entry, s.now()), true}, nil
		case entry.Started:
			over, err := s.dead(ctx, entry)
			if err != nil || !over {
				return Receipt{view.Of(entry, s.now()), err == nil}, err
			}
			before := entry
			if entry, version, err = s.table.Update(ctx, entry.Next(), version); video.UnlessConflict(err) != nil {
				return Receipt{}, video.Unavailable("writing the job", err)
			} else if err != nil {
				continue
			}
			s.recall(ctx, before)
		}
		started, known, err := s.Begin(ctx, entry, version)
		if err != nil || started {
			return Receipt{view.Of(entry, s.now()), known}, err
		}
	}
	return Receipt{}, changing("starting the job")
}

// Refuse records an invalid request as a job with that id which has ended with that outcome: it
// is listed, and never started. It leaves an existing job unchanged. The error is a
// *video.ServiceUnavailable.
func (s *Service) Refuse(ctx context.Context, id string, why *video.InvalidRequest, from video.Origin) error {
	entry := video.Entry{ID: id, CreatedAt: s.now(), Origin: from, Execution: id, Started: true}
	entry.End(why, entry.CreatedAt)
	if _, _, err := s.table.Create(ctx, entry); video.UnlessConflict(err) != nil {
		return video.Unavailable("writing the job", err)
	}
	return nil
}

// dead reports whether the job's execution failed before it submitted anything. The entry was
// read before the execution, so a write must be conditional on its version.
func (s *Service) dead(ctx context.Context, entry video.Entry) (bool, error) {
	if !entry.Unclaimed() {
		return false, nil
	}
	execution, err := s.executions.Describe(ctx, entry.Execution)
	return err == nil && execution != nil && runs.Ended(execution.Status), err
}

// Begin starts the execution that an entry names, and marks the job as started. It reports
// whether the execution is running, and whether it was running before. If it isn't running, this
// call or another changed the job, which must be read again.
func (s *Service) Begin(ctx context.Context, entry video.Entry, version string) (started, known bool, err error) {
	input, err := runs.Input(entry)
	if err != nil {
		return false, false, err
	}
	taken, err := s.executions.Start(ctx, entry.Execution, input)
	if err != nil {
		return false, false, err
	}
	if taken {
		// The name is taken by an execution that ended, or that has another input.
		execution, err := s.executions.Describe(ctx, entry.Execution)
		switch {
		case err != nil:
			return false, false, err
		case execution == nil:
			return false, false, video.Unavailable("starting the state machine", errors.New("the execution's name is taken, and the execution is not there"))
		case !runs.Belongs(execution, entry):
			_, _, err = s.table.Update(ctx, entry.Next(), version)
			return false, false, video.UnlessConflict(err)
		case runs.Ended(execution.Status):
			entry.Started = true
			_, _, err = s.table.Update(ctx, entry, version)
			return false, false, video.UnlessConflict(err)
		}
	}
	entry.Started = true
	if _, _, err := s.table.Update(ctx, entry, version); err != nil && taken {
		return false, false, video.UnlessConflict(err)
	}
	// If the mark failed, Submit makes it too, or a later caller finds the execution by its
	// name.
	return true, taken, nil
}
