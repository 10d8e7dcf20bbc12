package jobs

import (
	"context"
	"time"

	"github.com/takeup/takeup/internal/bucket/objectkey"
	"github.com/takeup/takeup/internal/jobs/view"
	"github.com/takeup/takeup/internal/video"
)

// NotForgotten is the error for a job that can't be forgotten now. Nothing was changed.
type NotForgotten struct {
	ID, Reason string
	// RetryAfter is when to try again, or 0 if waiting doesn't help.
	RetryAfter time.Duration
}

func (e *NotForgotten) Error() string { return "job " + e.ID + " was not forgotten: " + e.Reason }

// Forgotten is a job without its texts, with the places that may still have them.
type Forgotten struct {
	view.View
	Stays []Remnant
}

// Remnant is a place that Takeup can't clear and that may still have a text of a forgotten job.
type Remnant struct {
	What, Where string
	// Until is when the text expires at the latest, or zero if somebody must remove it.
	Until time.Time
	Todo  string // how it can be removed sooner, or ""
}

// How long AWS and the provider keep what Takeup can't clear.
const (
	// Counted from the end of an execution:
	// https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
	executionsKept = 90 * 24 * time.Hour
	// The longest recovery period of a table:
	// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/PointInTimeRecovery.html
	backupsKept = 35 * 24 * time.Hour
)

// Forget clears the prompt and all other texts of a job that has ended, in the table and in the
// manifest beside its video, and removes the poster. It keeps the id, the hash of the request, the
// times and the charges, and a stored video. The same request under the same id is still the same job. The job
// can't be redriven any more. Forget is idempotent: it resumes an earlier call that failed.
//
// The error is a *NotForgotten if the job has not ended, a *video.NoEntry if there is no such
// job, and a *video.ServiceUnavailable if it isn't known whether everything was cleared.
func (s *Service) Forget(ctx context.Context, id string) (Forgotten, error) {
	for range turns {
		entry, version, err := s.get(ctx, id)
		if err != nil {
			return Forgotten{}, err
		}
		if entry.ForgottenAt.IsZero() {
			if err := s.forgettable(entry); err != nil {
				return Forgotten{}, err
			}
			if entry, _, err = s.table.Forget(ctx, entry, version, s.now()); video.UnlessConflict(err) != nil {
				return Forgotten{}, video.Unavailable("clearing the job's texts", err)
			} else if err != nil {
				continue
			}
		}
		// A Store that did not see this has written its manifest already, or reads the table
		// after it writes it.
		if err := s.manifests.Forget(ctx, entry.Locator(), entry.RequestHash, entry.ForgottenAt); err != nil {
			return Forgotten{}, video.Unavailable("clearing the manifest", err)
		}
		if entry.Manifest != nil {
			if err := s.manifests.RemovePoster(ctx, entry.Locator()); err != nil {
				return Forgotten{}, video.Unavailable("removing the poster", err)
			}
		}
		return Forgotten{view.Of(entry, s.now()), remnants(entry)}, nil
	}
	return Forgotten{}, changing("clearing the job's texts")
}

// forgettable returns a *NotForgotten for a job that has not ended.
func (s *Service) forgettable(entry video.Entry) error {
	no := NotForgotten{ID: entry.ID}
	switch state := entry.State(); {
	case !state.Ended():
		no.Reason = "it is " + string(state) + "; wait until it has ended, or cancel it, then forget it"
	case state == video.StateDiscarded && !entry.Over():
		no.Reason = "its video is just being removed; discard it again to see to the end of that, then forget it"
	case entry.Phase == video.PhaseClaimed && s.now().Before(entry.ClaimedUntil):
		no.RetryAfter = entry.ClaimedUntil.Sub(s.now())
		no.Reason = "its execution was stopped while it was being submitted, and that may go on for a moment; ask again"
	default:
		return nil
	}
	return &no
}

// remnants returns the places that may still have a text of the job.
func remnants(entry video.Entry) []Remnant {
	at := entry.ForgottenAt
	stays := []Remnant{}
	o := entry.Origin
	if entry.RequestHash != "" || o.Trigger != video.TriggerFile {
		stays = append(stays, Remnant{
			What: "the input of its first execution, which has the request", Where: "Step Functions, execution " + entry.ID, Until: at.Add(executionsKept),
		})
	}
	if o.Trigger == video.TriggerFile {
		stays = append(stays, Remnant{
			What: "the prompt file, all of its versions, and copies of it", Where: objectkey.URI(o.Bucket, o.Key),
			Todo: "remove the versions; the same file, uploaded again, is this job and starts nothing",
		})
		if entry.RequestHash == "" {
			stays = append(stays, Remnant{
				What: "why the file was refused", Where: "the videos bucket, " + objectkey.Rejection(o.Key), Todo: "remove it",
			})
		}
	}
	stays = append(stays, Remnant{
		What: "the table as it was before", Where: "its backups for point-in-time recovery; backups of your own stay until you remove them", Until: at.Add(backupsKept),
	})
	if entry.Manifest != nil {
		stays = append(stays,
			Remnant{What: "the video", Where: "the videos bucket, " + objectkey.Video(entry.Locator()), Todo: "discard it"},
			Remnant{
				What: "earlier versions of the manifest, where the bucket keeps versions", Where: "the videos bucket, " + objectkey.Manifest(entry.Locator()),
				Todo: "remove them; the stack keeps none by itself",
			})
	}
	if entry.Attempt > 0 {
		stays = append(stays, Remnant{
			What: "what the provider keeps of the request", Where: "the provider, request " + entry.ID + ".1 and on", Todo: "ask the provider",
		})
	}
	return stays
}
