package schedule

import (
	"math"
	"time"

	"github.com/takeup/takeup/internal/cost"
)

// Schedule says when a generation is looked at. A first wait lasts until a video
// could be there. Then a check asks again and again by itself, in a poll window, for as
// long as a video is likely to come: the three states that it would enter
// otherwise cost as much as 45 s of it. What comes late is waited for by the
// state machine, ever longer.
type Schedule struct {
	// First is the most from a submission to the first look.
	First time.Duration
	// Interval is the most between two looks before Soft.
	Interval time.Duration
	// RequestGap is the least from one request to the next.
	RequestGap time.Duration
	// PollWindow is the longest that one check keeps polling; 0 polls once.
	PollWindow time.Duration
	// Soft and Hard are deadlines, since the submission: looks get rarer from
	// the one, and there is none after the other.
	Soft, Hard time.Duration
}

const (
	// LagUSD is what a second is taken to be worth for which a video lies at the
	// provider, finished and unnoticed.
	LagUSD = 0.0001
	// soon is the share of the generations that may have ended by the look that
	// follows a wait. A second of a check costs a sixtieth of LagUSD, so that one
	// in sixty would be best by the two together; twice that costs 1 % more, asks
	// less, and holds fewer Lambdas.
	soon = 0.03
	// tail is the share of the generations that no poll window waits for: what is so
	// late may have been forgotten, and a provider that stands still must not
	// have a Lambda held for each job.
	tail = 0.005
	// Where the endings are thin, requests are further apart: by the root of how
	// much thinner they are than in the middle, which makes the least lag of so
	// many requests, but for a little that makes fewer of them all in all. Far
	// from it they are at most so many times RequestGap apart.
	thin, thinnest = 0.8, 5
	// sparse bounds an execution's history: two checks are at least this part of
	// the generation's age apart, so that there are less than 200 in a day.
	sparse = 20
	// longestWait is the most between two looks at a generation that is late,
	// until it is so old that sparse makes it more.
	longestWait = 15 * time.Minute
)

// checkUSD is what one more check costs, but for its time.
const checkUSD = cost.CheckTransitions*cost.Transition + cost.Invocation + cost.TableRead + cost.TableWrite

// FirstWait is the time from now until the first look at a generation of that
// age.
func (s Schedule) FirstWait(f Forecast, age time.Duration) time.Duration {
	return max(min(s.aim(f, age), s.First-age), time.Second)
}

// Wait is the time until the next check of a generation that still runs at that
// age, and was checked for a while of it until now.
func (s Schedule) Wait(f Forecast, age, checked time.Duration) time.Duration {
	wait := min(s.aim(f, age), s.Interval)
	if age >= s.Soft {
		wait = max(wait, min((age-s.Soft)/10, longestWait))
	}
	wait = max(wait, s.RequestGap, Sparse(age)-checked, time.Second)
	// The last look is at the hard deadline.
	if left := s.Hard - age; left > s.RequestGap {
		wait = min(wait, left)
	}
	return wait
}

// Sparse is the least from one step for a job to the next, where they go on for
// as long as age: it bounds the steps of an execution, whose history Step
// Functions ends at 25,000 events.
func Sparse(age time.Duration) time.Duration { return age / sparse }

// aim is the wait until a look is worth it. One that a poll window follows comes when
// the first videos could be there; one that stands alone when the lag that is to
// be expected costs as much as the look.
func (s Schedule) aim(f Forecast, age time.Duration) time.Duration {
	if s.likely(f, age) {
		return f.after(age, soon)
	}
	step := max(age/100, time.Second)
	wait, lag := step, 0.0
	for ; wait < longestWait; wait += step {
		lag += step.Seconds() * f.ends(age, wait)
		if lag*LagUSD >= checkUSD {
			break
		}
	}
	return wait
}

// likely reports whether a generation of that age is waited for by poll windows.
func (s Schedule) likely(f Forecast, age time.Duration) bool {
	return s.PollWindow > 0 && age < s.Soft && f.running(age) > tail
}

// Again is how long after one request a check makes the next, about a generation
// that still ran at that age; false where it leaves that to the state machine.
// The check has been asking for a while by then.
func (s Schedule) Again(f Forecast, age, asking time.Duration) (time.Duration, bool) {
	if !s.likely(f, age) {
		return 0, false
	}
	// Where the hazard is nothing, this is infinite.
	apart := thin * math.Sqrt(f.hazard(f.Usual())/f.hazard(age))
	gap := time.Duration(min(max(apart, 1), thinnest) * float64(s.RequestGap))
	gap = max(min(gap, s.Interval), s.RequestGap)
	return gap, asking+gap <= s.PollWindow
}
