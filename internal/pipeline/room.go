package pipeline

import (
	"context"
	"time"

	"github.com/takeup/takeup/internal/video"
)

// Pricer says what is to be reserved for a request, in micro-dollars.
type Pricer interface {
	Price(ctx context.Context, request video.Request) (int64, error)
}

// Claims are jobs that are claimed.
type Claims interface {
	Jobs
	// Claim is Update of an entry that reserves money for its attempt, or gives a
	// *video.Paused where no claim is let through, or a *video.NoRoom.
	Claim(ctx context.Context, entry video.Entry, version string, limits video.Limits) (video.Entry, string, error)
	// Paused says why no claim is let through; nil where they are.
	Paused(context.Context) (*video.Paused, error)
}

// looks is how often at most room below the limit of jobs in flight is looked for. An
// execution's history has room for as many.
const looks = 400

// full goes on from a claim that found no room below a limit: the job waits until the
// limit begins anew, or looks again at fixed intervals, whatever its age. What has
// waited for CapWait ends, and what would wait that long for certain does so at once.
// Nothing was submitted.
func (s *visit) full(ctx context.Context, entry video.Entry, version string, why *video.NoRoom) (video.Job, bool, error) {
	now := s.Now()
	if entry.FullSince.IsZero() || entry.Ending != nil {
		// A redrive waits anew, and how the job ended before is over.
		entry.FullSince, entry.Ending = now, nil
		var err error
		if entry, version, err = s.Jobs.Update(ctx, entry, version); err != nil {
			return video.Job{}, false, unlessConflict(err)
		}
	}
	end := entry.FullSince.Add(s.Times.CapWait)
	left := end.Sub(now)
	if left <= 0 || why.Lasts(end) {
		ending := &video.CapReached{Limit: why.Limit, Held: why.Held, Of: why.Of, Price: why.Price}
		entry.End(ending, now)
		if _, _, err := s.Jobs.Update(ctx, entry, version); err != nil {
			return video.Job{}, false, unlessConflict(err)
		}
		return video.Job{}, true, ending
	}
	wait := max(s.Times.Busy, s.Times.CapWait/looks)
	if !why.Until.IsZero() {
		wait = why.Until.Sub(now)
	}
	if !why.Ends.IsZero() {
		wait = min(wait, why.Ends.Sub(now))
	}
	wait += s.Jitter(s.Times.Busy)
	wait = max(time.Second, min(wait, left))
	s.waits(video.WaitCap, entry.Attempt, wait, entry.FullSince.Add(s.Times.CapWait), why.Error())
	return entry.Job(video.Waiting, seconds(wait)), true, nil
}
