package intake

import (
	"context"
	"errors"
	"time"

	"github.com/takeup/takeup/internal/video"
)

// Shelf is the place of the manifests and the videos.
type Shelf interface {
	Manifests
	// Remove takes a job's manifest away, and then its video.
	Remove(ctx context.Context, id string) error
}

// NotCancelled says why a job goes on, or stays as it ended. Nothing was changed.
type NotCancelled struct {
	ID, Reason string
	// Discardable says that the job can be cancelled by one who gives up a
	// video that is or may be paid.
	Discardable bool
	// RetryAfter is when it may be told; 0 where time doesn't help.
	RetryAfter time.Duration
}

func (e *NotCancelled) Error() string { return "job " + e.ID + " was not cancelled: " + e.Reason }

// Canceller ends jobs by their owner's choice.
type Canceller struct {
	jobs  Claims
	shelf Shelf
	desk  *Desk
	now   func() time.Time
}

// NewCanceller makes a Canceller for the jobs of a state machine.
func NewCanceller(jobs Claims, shelf Shelf, executions Executions, now func() time.Time) *Canceller {
	return &Canceller{jobs: jobs, shelf: shelf, desk: NewDesk(jobs, shelf, executions), now: now}
}

// Cancel ends a job that was not submitted: it is never paid. One that was, or
// may have been, is left alone with a *NotCancelled, unless discard says that its
// video is given up: a stored video is removed, and one that is not there yet will
// not be stored. A job that was cancelled or discarded before stays so, without
// an error; one that ended otherwise gives a *NotCancelled.
//
// It gives a *video.NoEntry where there is no such job, and a
// *video.ServiceUnavailable where it isn't known whether the job was cancelled:
// cancelling again is safe.
//
// The table decides. A job is submitted by whoever claims it there, and
// cancelled by whoever writes that there, each on the version that was read.
func (c *Canceller) Cancel(ctx context.Context, id string, discard bool) error {
	for range 8 {
		entry, version, err := c.jobs.Get(ctx, id)
		var none *video.NoEntry
		if err != nil && !errors.As(err, &none) {
			return unavailable("reading the job", err)
		}
		view, err := c.desk.Status(ctx, id)
		if err != nil {
			return err
		}
		err = c.cancel(ctx, view, entry, version, discard)
		var conflict *video.Conflict
		if !errors.As(err, &conflict) {
			return err
		}
	}
	return &video.ServiceUnavailable{Doing: "cancelling", Err: errors.New("the job was changed by another each time")}
}

// cancel ends the job as it was read, or gives a *video.Conflict where it is no
// longer so.
func (c *Canceller) cancel(ctx context.Context, view View, entry video.Entry, version string, discard bool) error {
	switch {
	case view.State == Cancelled, view.State == Discarded && entry.Ending != nil:
		return nil
	case view.State == Discarded:
		return c.remove(ctx, view.ID) // goes on where an earlier call broke off
	case view.State == Failed:
		return &NotCancelled{ID: view.ID, Reason: "it ended with " + view.Ending.Error + ", so there is nothing to cancel"}
	case view.State == Completed && !discard:
		return &NotCancelled{ID: view.ID, Discardable: true, Reason: "its video is paid and stored; to remove it from the bucket for good, discard it"}
	case view.State == Completed && version == "":
		return c.removeUnknown(ctx, view.ID)
	case view.State == Completed:
	case version == "" && view.Request == nil:
		return &NotCancelled{ID: view.ID, RetryAfter: checking, Reason: "its input is being checked at this moment; ask again"}
	case version == "":
		_, _, err := c.jobs.Create(ctx, video.Entry{
			ID: view.ID, Request: *view.Request, RequestHash: view.Request.Hash(), CreatedAt: view.CreatedAt,
			Execution: view.ID, Started: true, Ending: video.NewEndingRecord(&video.Cancelled{}, c.now()),
		})
		return err
	case entry.Phase == "", entry.Phase == video.PhaseRefused:
		entry.Ending = video.NewEndingRecord(&video.Cancelled{}, c.now())
		_, _, err := c.jobs.Update(ctx, entry, version)
		return err
	case discard:
	case entry.Phase == video.PhaseAccepted:
		return &NotCancelled{ID: view.ID, Discardable: true, Reason: "the provider has accepted it and will charge for it, and its video will be stored; to give the paid video up, discard it"}
	case entry.Phase == video.PhaseClaimed && c.now().Before(entry.ClaimedUntil):
		return &NotCancelled{
			ID: view.ID, Discardable: true, RetryAfter: entry.ClaimedUntil.Sub(c.now()),
			Reason: "it is being submitted at this moment, and may be paid; ask again, or discard it",
		}
	default:
		return &NotCancelled{ID: view.ID, Discardable: true, Reason: "it was submitted, and the provider has not answered: it may be paid, and is being looked up; to give its video up, discard it"}
	}

	if entry.DiscardedAt.IsZero() {
		entry.DiscardedAt = c.now()
		if _, _, err := c.jobs.Update(ctx, entry, version); err != nil {
			return err
		}
	}
	// A Store that did not see this has written its manifest before now, or
	// looks at the table once it has.
	_, stored, err := c.shelf.Manifest(ctx, view.ID)
	if err != nil {
		return unavailable("reading the manifest", err)
	}
	if stored {
		return c.remove(ctx, view.ID)
	}
	return nil
}

// checking is how long a request that was just started takes to be checked.
const checking = 5 * time.Second

// removeUnknown removes the stored video of a job that the table doesn't have any
// more, so that there is nowhere to write it down.
func (c *Canceller) removeUnknown(ctx context.Context, id string) error {
	var none *video.NoEntry
	switch _, _, err := c.jobs.Get(ctx, id); {
	case err == nil:
		return &video.Conflict{ID: id} // it came and was stored since the table was read
	case !errors.As(err, &none):
		return unavailable("reading the job", err)
	}
	if err := c.shelf.Remove(ctx, id); err != nil {
		return unavailable("removing the video", err)
	}
	return nil
}

// remove removes the stored video of a job that is marked as discarded, and
// records that it ended so.
func (c *Canceller) remove(ctx context.Context, id string) error {
	manifest, _, err := c.shelf.Manifest(ctx, id)
	if err != nil {
		return unavailable("reading the manifest", err)
	}
	if err := c.shelf.Remove(ctx, id); err != nil {
		return unavailable("removing the video", err)
	}
	entry, version, err := c.jobs.Get(ctx, id)
	if err != nil {
		return unavailable("reading the job", err)
	}
	if entry.Ending != nil && entry.Ending.Chosen() {
		return nil // by the Store that stored it
	}
	entry.Ending = video.NewEndingRecord(&video.Discarded{GenerationID: entry.GenerationID, Credits: manifest.CreditsUsed}, c.now())
	_, _, err = c.jobs.Update(ctx, entry, version)
	return err
}
