package submit

import (
	"context"
	"time"

	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/operator"
	"github.com/takeup/takeup/internal/pipeline"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/report"
)

// Pricer returns the amount to reserve for a request, in micro-dollars.
type Pricer interface {
	Price(ctx context.Context, request video.Request) (int64, error)
}

// Claims stores the jobs, and claims their attempts.
type Claims interface {
	pipeline.Jobs
	// Claim is Update for an entry that reserves money for its attempt. It also returns a
	// *operator.Paused while the table is paused, a *budget.NoRoom at a limit, and a
	// *video.BatchCancelled once the job's batch is cancelled.
	Claim(ctx context.Context, entry video.Entry, version string, limits budget.Limits) (video.Entry, string, error)
	// Turn counts the older jobs that wait for room. If they take all the room that is left, it
	// returns a *budget.NoRoom, and no claim must be tried. It may also return the other errors
	// of Claim.
	Turn(ctx context.Context, entry video.Entry, limits budget.Limits, now time.Time) (budget.Line, error)
	// TellCapReached tells that a claim of an owner found a cap on money reached, once for each
	// period of the cap.
	TellCapReached(ctx context.Context, owner string, why *budget.NoRoom, at time.Time) error
	// Paused returns why the table is paused, or nil if it isn't.
	Paused(context.Context) (*operator.Paused, error)
}

// These decide how often a job without a slot polls for one.
const (
	// minPoll is the shortest time between two polls.
	minPoll = 2 * time.Second
	// frontPolls is how often a job at the front polls during the usual time of a video.
	frontPolls = 30
	// front is how many jobs may take free slots at the same time.
	front = 10
	// maxPoll is the longest time between two polls of the other jobs: the operator may make
	// room.
	maxPoll = 10 * time.Minute
	// freePolls is how many polls of a job are not slowed down. As many more are spread over all
	// of CapWait. An execution's history has room for twice their sum.
	freePolls = 500
)

// longestWait is the longest wait of a batch's job between two tries: a month's cap may be
// spent.
const longestWait = 32 * 24 * time.Hour

// stagger separates the polls of jobs that wait for the same day, oldest first.
const stagger = 100 * time.Millisecond

// full handles a claim that has no room below a limit, or whose turn it isn't. Nothing was
// submitted. The job waits until the limit's next period, or polls for room. How often it polls
// depends on its place in line and not on its age. A job that has waited for CapWait ends, and
// one that would certainly wait that long ends at once. A batch's job waits for as long as it
// takes: its batch has more videos than a day's cap, and is cancelled to end it. It ends only if
// it costs more than the cap.
func (s *visit) full(ctx context.Context, o order, entry video.Entry, version string, why *budget.NoRoom) result {
	now := s.Now()
	// Those who wait behind others have nothing new to tell.
	if why.Ahead == 0 {
		if err := s.Jobs.TellCapReached(ctx, entry.Origin.Token, why, now); err != nil {
			return unwritten(err)
		}
	}
	began := entry.BeginWaiting(now)
	end := entry.FullSince.Add(s.Times.CapWait)
	left, over := end.Sub(now), why.Lasts(end)
	if entry.Origin.Batch != "" {
		end, left, over = time.Time{}, longestWait, why.Dear() && why.Ends.IsZero()
	}
	if left <= 0 || over {
		outcome := &video.CapReached{Limit: why.Limit, Held: why.Held, Of: why.Of, Price: why.Price}
		entry.End(outcome, now)
		if _, _, err := s.Jobs.Update(ctx, entry, version); err != nil {
			return unwritten(err)
		}
		return fail(outcome)
	}
	wait := s.slotWait(ctx, entry, why)
	inTurn := time.Duration(why.Ahead)*stagger + s.Jitter(s.Times.Busy)
	if !why.Until.IsZero() {
		wait = why.Until.Sub(now) + inTurn
	}
	if !why.Ends.IsZero() {
		wait = min(wait, why.Ends.Sub(now)+inTurn)
	}
	if o.looks >= freePolls {
		wait = max(wait, s.Times.CapWait/freePolls)
	}
	wait = time.Duration(pipeline.Seconds(max(time.Second, min(wait, left)))) * time.Second
	if entry.WaitsFor(why.Limit, now.Add(wait)) || began {
		if _, _, err := s.Jobs.Update(ctx, entry, version); err != nil {
			return unwritten(err)
		}
	}
	s.waits(report.WaitCap, entry.Attempt, wait, end, why.Error())
	job := entry.Job(video.Waiting, pipeline.Seconds(wait))
	job.Looks = o.looks + 1
	return done(job)
}

// slotWait returns the time until a job polls for a slot again. At the front it polls often. All
// videos may end at once: the jobs at the front then take their slots between two polls, so each
// group behind them waits half that time. A job with more jobs before it than there are slots
// also waits for another video, which takes at least half of the usual time.
func (s *visit) slotWait(ctx context.Context, entry video.Entry, why *budget.NoRoom) time.Duration {
	usual := s.Timings.Forecast(ctx, entry.Request.Model(), entry.Request.Duration()).Usual()
	slots, behind := max(1, time.Duration(why.Of)), time.Duration(max(0, why.Ahead-front))
	poll := max(minPoll, min(usual/max(frontPolls, slots/front), s.Times.Busy))
	wait := min(behind, slots)*poll/(2*front) + max(0, behind-slots)*usual/slots/2
	wait = max(poll, min(wait, maxPoll))
	return wait + s.Jitter(wait/10)
}
