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
	// Turn counts the older jobs that wait for room. It gives a *video.NoRoom where what is
	// free is for them, so that no claim is to be tried, or a *video.Paused.
	Turn(ctx context.Context, entry video.Entry, limits video.Limits, now time.Time) (video.Line, error)
	// Paused says why no claim is let through; nil where they are.
	Paused(context.Context) (*video.Paused, error)
}

// How jobs without a slot look for one.
const (
	// shortest is the least between two looks.
	shortest = 2 * time.Second
	// often is how often those at the front look in the usual time of a video.
	often = 30
	// front is how many may take free slots at once.
	front = 10
	// longestLook is the most between two looks of the others: the operator may make room.
	longestLook = 10 * time.Minute
	// looks is how often a job looks as often as it likes. It spreads as many looks more
	// over all of CapWait: an execution's history has room for twice as many.
	looks = 500
)

// apart is how far apart jobs look that wait for the same day, the older ones first.
const apart = 100 * time.Millisecond

// full goes on from a claim that has no room below a limit, or isn't due: the job waits
// until the limit begins anew, or looks again, by its place in line and not by its age.
// What has waited for CapWait ends, and what would wait that long for certain does so at
// once. Nothing was submitted.
func (s *visit) full(ctx context.Context, o order, entry video.Entry, version string, why *video.NoRoom) result {
	now := s.Now()
	began := entry.BeginWaiting(now)
	end := entry.FullSince.Add(s.Times.CapWait)
	left := end.Sub(now)
	if left <= 0 || why.Lasts(end) {
		outcome := &video.CapReached{Limit: why.Limit, Held: why.Held, Of: why.Of, Price: why.Price}
		entry.End(outcome, now)
		if _, _, err := s.Jobs.Update(ctx, entry, version); err != nil {
			return unwritten(err)
		}
		return fail(outcome)
	}
	wait := s.slotWait(ctx, entry, why)
	inTurn := time.Duration(why.Ahead)*apart + s.Jitter(s.Times.Busy)
	if !why.Until.IsZero() {
		wait = why.Until.Sub(now) + inTurn
	}
	if !why.Ends.IsZero() {
		wait = min(wait, why.Ends.Sub(now)+inTurn)
	}
	if o.looks >= looks {
		wait = max(wait, s.Times.CapWait/looks)
	}
	wait = time.Duration(seconds(max(time.Second, min(wait, left)))) * time.Second
	if entry.WaitsFor(why.Limit, now.Add(wait)) || began {
		if _, _, err := s.Jobs.Update(ctx, entry, version); err != nil {
			return unwritten(err)
		}
	}
	s.waits(video.WaitCap, entry.Attempt, wait, entry.FullSince.Add(s.Times.CapWait), why.Error())
	job := entry.Job(video.Waiting, seconds(wait))
	job.Looks = o.looks + 1
	return done(job)
}

// slotWait is how long a job waits before it looks for a slot again: so short that it
// looks often once it is at the front. All videos may end at once; those at the front then
// take their slots between two looks, so that others follow them in half of that time.
// Who is further behind than there are slots also waits for another video, which takes half
// of the usual time or longer.
func (s *visit) slotWait(ctx context.Context, entry video.Entry, why *video.NoRoom) time.Duration {
	usual := s.Timings.Forecast(ctx, entry.Request.Model(), entry.Request.Duration()).Usual()
	slots, behind := max(1, time.Duration(why.Of)), time.Duration(max(0, why.Ahead-front))
	look := max(shortest, min(usual/max(often, slots/front), s.Times.Busy))
	wait := min(behind, slots)*look/(2*front) + max(0, behind-slots)*usual/slots/2
	wait = max(look, min(wait, longestLook))
	return wait + s.Jitter(wait/10)
}
