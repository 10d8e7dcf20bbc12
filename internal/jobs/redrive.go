package jobs

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/takeup/takeup/internal/jobs/view"
	"github.com/takeup/takeup/internal/video"
)

// NotRedriven is the error for a job that can't be redriven, now or at all. Nothing was started.
type NotRedriven struct{ ID, Reason string }

func (e *NotRedriven) Error() string { return "job " + e.ID + " was not redriven: " + e.Reason }

// Redrive starts the job's next redrive. The view names its execution. The error is a
// *NotRedriven if there is nothing to redrive, a *video.NoEntry if there is no such job, a
// *video.InvalidRequest if id can't be an id, and a *video.ServiceUnavailable if it isn't known
// whether a redrive was started. Calling Redrive again is safe, since the state machine resumes
// from the table.
//
// The item names the redrive before it is started, and a failed start is repeated under the same
// name. A job whose execution ended before the job was in the table is settled first.
func (s *Service) Redrive(ctx context.Context, id string) (view.View, error) {
	if err := video.CheckID(id); err != nil {
		return view.View{}, err
	}
	for range turns {
		entry, version, err := s.get(ctx, id)
		var absent *video.NoEntry
		switch {
		case errors.As(err, &absent):
			if _, err := s.Settle(ctx, id); err != nil {
				return view.View{}, err
			}
			// Settled by this call, or by another one meanwhile.
			if _, _, err := s.get(ctx, id); err != nil {
				return view.View{}, err
			}
			continue
		case err != nil:
			return view.View{}, err
		case !entry.ForgottenAt.IsZero():
			return view.View{}, &NotRedriven{id, "it was forgotten, and its request with it; send a new request"}
		case entry.Started:
			if err := s.redrivable(ctx, entry, version); video.UnlessConflict(err) != nil {
				return view.View{}, err
			} else if err != nil {
				continue
			}
			// The video is no longer in the bucket, if it ever was.
			before := entry
			entry = entry.Next()
			entry.Manifest = nil
			if entry, version, err = s.table.Update(ctx, entry, version); video.UnlessConflict(err) != nil {
				return view.View{}, video.Unavailable("writing the job", err)
			} else if err != nil {
				continue
			}
			s.recall(ctx, before)
		default:
			if err := final(entry); err != nil {
				return view.View{}, err
			}
		}
		started, _, err := s.Begin(ctx, entry, version)
		switch {
		case err != nil:
			return view.View{}, err
		case started:
			return view.Of(entry, s.now()), nil
		}
	}
	return view.View{}, changing("redriving the job")
}

// redrivable returns a *NotRedriven if there is nothing to redrive. The entry was read before
// the execution, so the answer holds for this version only. A Store that outlives its stopped
// execution may have stored the video after the job was settled as interrupted; redrivable then
// records the video. It returns a *video.Conflict if the job has changed meanwhile.
func (s *Service) redrivable(ctx context.Context, entry video.Entry, version string) error {
	execution, err := s.executions.Describe(ctx, entry.Execution)
	if err != nil {
		return err
	}
	if execution != nil && execution.Status == types.ExecutionStatusRunning {
		return &NotRedriven{entry.ID, "its execution " + entry.Execution + " is still running"}
	}
	manifest, stored, err := s.manifests.Manifest(ctx, entry.Locator())
	if err != nil {
		return video.Unavailable("reading the manifest", err)
	}
	switch {
	case entry.RequestHash == "":
		return &NotRedriven{entry.ID, "nothing was submitted or paid, and there is no valid request to go on with; send a new one"}
	case entry.State() == video.StateDiscarded && !entry.Over():
		return &NotRedriven{entry.ID, "its video is just being removed; discard it again to see to the end of that, then redrive it"}
	case stored:
		if entry.Manifest == nil && (entry.Outcome == nil || !entry.Outcome.Chosen()) {
			entry.Store(manifest)
			if _, _, err := s.table.Update(ctx, entry, version); video.UnlessConflict(err) != nil {
				return video.Unavailable("writing the job", err)
			} else if err != nil {
				return err
			}
		}
		return &NotRedriven{entry.ID, "its video is stored already"}
	}
	return final(entry)
}

// final returns a *NotRedriven if the outcome is final.
func final(entry video.Entry) error {
	if entry.Outcome != nil && entry.Outcome.Final() {
		return &NotRedriven{entry.ID, "it ended with " + entry.Outcome.Name + ", which stays; a new request is the way: " + entry.Outcome.Message}
	}
	return nil
}
