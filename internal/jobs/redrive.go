package jobs

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/takeup/takeup/internal/video"
)

// NotRedriven says why a job can't be redriven, now or at all. Nothing was started.
type NotRedriven struct{ ID, Reason string }

func (e *NotRedriven) Error() string { return "job " + e.ID + " was not redriven: " + e.Reason }

// Redrive starts the job's next redrive; the view names its execution. It gives
// a *NotRedriven where there is nothing to redrive, a *video.NoEntry where there
// is no such job, an *video.InvalidRequest for what can't be an id, and a
// *video.ServiceUnavailable where it isn't known whether one was started. Calling
// Redrive again is safe, since the state machine resumes from the table.
//
// The item names the redrive before it is started, and a start that failed is repeated
// under the same name. A job whose execution ended before the table had it is settled
// first.
func (s *Service) Redrive(ctx context.Context, id string) (View, error) {
	if err := video.CheckID(id); err != nil {
		return View{}, err
	}
	for range turns {
		entry, version, err := s.get(ctx, id)
		var absent *video.NoEntry
		switch {
		case errors.As(err, &absent):
			if _, err := s.Settle(ctx, id); err != nil {
				return View{}, err
			}
			// By this call, or by another meanwhile.
			if _, _, err := s.get(ctx, id); err != nil {
				return View{}, err
			}
			continue
		case err != nil:
			return View{}, err
		case !entry.ForgottenAt.IsZero():
			return View{}, &NotRedriven{id, "it was forgotten, and its request with it; send a new request"}
		case entry.Started:
			if err := s.redrivable(ctx, entry); err != nil {
				return View{}, err
			}
			// The video was taken out of the bucket, if it was ever there.
			before := entry
			entry = entry.Next()
			entry.Manifest = nil
			if entry, version, err = s.table.Update(ctx, entry, version); unlessConflict(err) != nil {
				return View{}, unavailable("writing the job", err)
			} else if err != nil {
				continue
			}
			s.recall(ctx, before)
		default:
			if err := final(entry); err != nil {
				return View{}, err
			}
		}
		started, _, err := s.begin(ctx, entry, version)
		switch {
		case err != nil:
			return View{}, err
		case started:
			return s.viewOf(entry), nil
		}
	}
	return View{}, changing("redriving the job")
}

// redrivable gives a *NotRedriven where there is nothing to redrive. The entry was read
// before the execution, so that the answer holds for this version only.
func (s *Service) redrivable(ctx context.Context, entry video.Entry) error {
	execution, err := s.executions.describe(ctx, entry.Execution)
	if err != nil {
		return err
	}
	if execution != nil && execution.Status == types.ExecutionStatusRunning {
		return &NotRedriven{entry.ID, "its execution " + entry.Execution + " is still running"}
	}
	_, stored, err := s.manifests.Manifest(ctx, entry.ID)
	if err != nil {
		return unavailable("reading the manifest", err)
	}
	switch {
	case entry.RequestHash == "":
		return &NotRedriven{entry.ID, "nothing was submitted or paid, and there is no valid request to go on with; send a new one"}
	case entry.State() == video.StateDiscarded && !entry.Over():
		return &NotRedriven{entry.ID, "its video is just being removed; discard it again to see to the end of that, then redrive it"}
	case stored:
		return &NotRedriven{entry.ID, "its video is stored already"}
	}
	return final(entry)
}

// final gives a *NotRedriven where the outcome is final.
func final(entry video.Entry) error {
	if entry.Outcome != nil && entry.Outcome.Final() {
		return &NotRedriven{entry.ID, "it ended with " + entry.Outcome.Name + ", which stays; a new request is the way: " + entry.Outcome.Message}
	}
	return nil
}
