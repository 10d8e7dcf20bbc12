package jobs

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/takeup/takeup/internal/jobs/runs"
	"github.com/takeup/takeup/internal/jobs/view"
	"github.com/takeup/takeup/internal/video"
)

// Next is what a batch is to do next for one of its jobs.
type Next struct {
	// Execution is the name of the execution to start, with Input; empty if there is none.
	Execution string
	Input     []byte
	// Wait is when to look again; 0 if the job has ended and stays so.
	Wait time.Duration
}

// The waits for a job that another execution runs: at least, and at most.
const (
	leastLook = 20 * time.Second
	mostLook  = 5 * time.Minute
)

// Line looks after a job of a batch. It creates the job if there is none, and prepares a redrive
// of one that failed, unless the batch has visited it before. The caller starts the execution:
// until then, whoever else starts it uses the same name. The error is a *Mismatch for the id of
// another request to the provider, since the ids of a batch's jobs are made of what is sent, or a
// *video.ServiceUnavailable, after which Line can be called again.
//
// Visited says that the caller has started an execution, and that it ended or could not be
// started.
func (s *Service) Line(ctx context.Context, id string, r video.Request, from video.Origin, visited bool) (Next, error) {
	if err := video.CheckID(id); err != nil {
		return Next{}, err
	}
	for range turns {
		entry, version, err := s.table.Get(ctx, id)
		var absent *video.NoEntry
		if errors.As(err, &absent) {
			entry, version, err = s.table.Create(ctx, video.Entry{
				ID: id, Request: r, RequestHash: r.Hash(), CreatedAt: s.now(), Origin: from, Execution: id,
			})
		}
		switch {
		case video.UnlessConflict(err) != nil:
			return Next{}, video.Unavailable("reading or writing the job", err)
		case err != nil:
			continue
		case !entry.ForgottenAt.IsZero():
			return Next{}, nil
		case !bytes.Equal(entry.Request.Body(), r.Body()):
			return Next{}, &Mismatch{ID: id}
		}
		next, settled, err := s.line(ctx, entry, version, visited)
		if err != nil || settled {
			return next, err
		}
	}
	return Next{}, changing("looking after the job")
}

// line is Line for an entry that was read. It returns false if the entry has to be read again.
func (s *Service) line(ctx context.Context, entry video.Entry, version string, visited bool) (next Next, settled bool, err error) {
	state := entry.State()
	switch {
	case state == video.StateFailed && entry.Started && !visited:
		return s.redriven(ctx, entry, version)
	case state.Ended() && entry.Started:
		return Next{}, true, nil
	case state.Ended() && entry.Outcome != nil && entry.Outcome.Final():
		return Next{}, true, nil
	case !entry.Started && visited:
		// The name may be taken by an execution that ended.
		started, _, err := s.Begin(ctx, entry, version)
		return Next{Wait: leastLook}, started, err
	case !entry.Started:
		input, err := runs.Input(entry)
		return Next{Execution: entry.Execution, Input: input}, true, err
	}
	execution, err := s.executions.Describe(ctx, entry.Execution)
	switch {
	case err != nil:
		return Next{}, false, err
	case execution == nil || execution.Status == types.ExecutionStatusRunning:
		return Next{Wait: s.lookIn(entry)}, true, nil
	}
	recorded, err := s.SettleBy(ctx, entry.Execution, execution)
	if err == nil && !recorded {
		// It has ended meanwhile, or another execution runs it by now.
		return Next{Wait: leastLook}, true, nil
	}
	return Next{}, false, err
}

// redriven prepares the redrive of a job that failed. It returns an empty Next if there is
// nothing to redrive.
func (s *Service) redriven(ctx context.Context, entry video.Entry, version string) (Next, bool, error) {
	var not *NotRedriven
	if err := s.redrivable(ctx, entry, version); errors.As(err, &not) {
		return Next{}, true, nil
	} else if err != nil {
		return Next{}, false, video.UnlessConflict(err)
	}
	before := entry
	entry = entry.Next()
	entry.Manifest = nil
	entry, _, err := s.table.Update(ctx, entry, version)
	if err != nil {
		return Next{}, false, video.UnlessConflict(err)
	}
	s.recall(ctx, before)
	input, err := runs.Input(entry)
	return Next{Execution: entry.Execution, Input: input}, true, err
}

// lookIn returns when to look again at a job that is running.
func (s *Service) lookIn(entry video.Entry) time.Duration {
	waiting := view.WaitingOf(entry, entry.Paid(), s.now())
	if waiting == nil {
		return leastLook
	}
	return max(leastLook, min(waiting.NextAt.Sub(s.now()), mostLook))
}
