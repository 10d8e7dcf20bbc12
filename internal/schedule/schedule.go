// Package schedule says when to ask the provider how a generation is doing, from how long
// it has run and a forecast of how long it takes. It is pure: it reads no clock and does
// no I/O.
package schedule

import (
	"math"
	"time"

	"github.com/takeup/takeup/internal/schedule/cost"
)

// Schedule says when a generation is polled. The first wait lasts until a video could be
// there. Then a check polls again and again by itself, within its poll window, for as long
// as a video is likely to come: the three states that another check would enter cost as
// much as 45 s of that. The state machine waits for what comes late, longer each time.
type Schedule struct {
	// First is the longest wait from a submission to the first poll.
	First time.Duration
	// Interval is the longest time between two polls before Soft.
	Interval time.Duration
	// RequestGap is the shortest time between two requests.
	RequestGap time.Duration
	// PollWindow is how long a check goes on polling; with 0 it polls once.
	PollWindow time.Duration
	// Soft and Hard are deadlines since the submission. After Soft, polls get rarer; after
	// Hard, there are none.
	Soft, Hard time.Duration
}

const (
	// LagUSD is what a second is taken to be worth in which a video is finished and
	// Takeup doesn't know it.
	LagUSD = 0.0001
	// soon is the share of generations that may have ended by the first poll of a check. A
	// second of a check costs a sixtieth of LagUSD, so that one in sixty would cost least.
	// Twice that costs 1 % more, makes fewer requests, and holds fewer Lambdas.
	soon = 0.03
	// tail is the share of generations for which no check goes on polling: the provider may
	// have forgotten them, and a provider that is down must not have a Lambda held for each
	// job.
	tail = 0.005
	// Where few generations end, requests are further apart. The least delay for a number of
	// requests comes from a rate of requests proportional to the square root of the hazard
	// rate (J. B. Keller, Optimum Checking Schedules for Systems Subject to Random Failure,
	// Management Science 21, 1974). densest is the gap at the median in RequestGaps before
	// the shortest gap is applied, which saves a few requests. sparsest is the longest one.
	densest, sparsest = 0.8, 5
	// sparse bounds an execution's history: between two checks there is at least this part
	// of the generation's age, so that there are fewer than 200 in a day.
	sparse = 20
	// longestWait is the longest time between two polls of a generation that is late, until
	// sparse makes it more.
	longestWait = 15 * time.Minute
)

// checkUSD is what one more check costs, without its time.
const checkUSD = cost.CheckTransitions*cost.Transition + cost.Invocation + cost.TableRead + cost.TableWrite

// FirstWait is the time until the first poll of a generation of that age.
func (s Schedule) FirstWait(f Forecast, age time.Duration) time.Duration {
	return max(min(s.aim(f, age), s.First-age), time.Second)
}

// Wait is the time until the next check of a generation that still runs at that age, after a
// check that has lasted for checked.
func (s Schedule) Wait(f Forecast, age, checked time.Duration) time.Duration {
	wait := min(s.aim(f, age), s.Interval)
	if age >= s.Soft {
		wait = max(wait, min((age-s.Soft)/10, longestWait))
	}
	wait = max(wait, s.RequestGap, Sparse(age)-checked, time.Second)
	// The last poll is at the hard deadline.
	if left := s.Hard - age; left > s.RequestGap {
		wait = min(wait, left)
	}
	return wait
}

// Sparse is the least time between two steps of a job that has taken age so far. It bounds
// the steps of an execution, whose history Step Functions ends at 25,000 events.
func Sparse(age time.Duration) time.Duration { return age / sparse }

// aim is the wait until a poll is worth its price. Where the check goes on polling, it begins
// when the first videos could be there. A single poll comes when the expected delay costs as
// much as the check.
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

// likely reports whether a check goes on polling a generation of that age.
func (s Schedule) likely(f Forecast, age time.Duration) bool {
	return s.PollWindow > 0 && age < s.Soft && f.Survival(age) > tail
}

// Again is the time until a check's next request about a generation that still ran at that
// age. It is false if the check ends instead. The check has been polling for a time by then.
func (s Schedule) Again(f Forecast, age, polling time.Duration) (time.Duration, bool) {
	if !s.likely(f, age) {
		return 0, false
	}
	// A hazard rate of 0 makes this infinite.
	gaps := densest * math.Sqrt(f.Hazard(f.Usual())/f.Hazard(age))
	gap := time.Duration(min(max(gaps, 1), sparsest) * float64(s.RequestGap))
	gap = max(min(gap, s.Interval), s.RequestGap)
	return gap, polling+gap <= s.PollWindow
}
