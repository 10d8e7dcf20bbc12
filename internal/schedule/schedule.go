// Package schedule decides when to poll the provider about a generation, from the generation's
// age and a forecast of its time. It is pure: it reads no clock and does no I/O.
package schedule

import (
	"math"
	"time"

	"github.com/takeup/takeup/internal/schedule/cost"
)

// Schedule decides when a generation is polled. The first wait lasts until a video could be
// done. Then one check polls repeatedly within its poll window, for as long as a video is likely
// to come: the three states of another check cost as much as 45 s of polling. For a late video,
// the state machine waits, longer each time.
type Schedule struct {
	// First is the longest wait from a submission to the first poll.
	First time.Duration
	// Interval is the longest time between two polls before Soft.
	Interval time.Duration
	// RequestGap is the shortest time between two requests about one generation.
	RequestGap time.Duration
	// PollWindow is how long a check keeps polling; with 0 it polls once.
	PollWindow time.Duration
	// Soft and Hard are deadlines, counted from the submission. After Soft, polls become rarer;
	// after Hard, there are none.
	Soft, Hard time.Duration
}

const (
	// LagUSD is the assumed cost of each second between the end of a generation and its
	// detection.
	LagUSD = 0.0001
	// soon is the share of generations that may have ended by the first poll of a check. A
	// second of a check costs a sixtieth of LagUSD, so one in sixty would be cheapest. Twice
	// that costs 1 % more, makes fewer requests, and holds fewer Lambdas.
	soon = 0.03
	// tail is the share of the slowest generations, for which no check keeps polling: the
	// provider may have lost them, and a provider that is down must not hold a Lambda for each
	// job.
	tail = 0.005
	// While few generations end, requests are further apart. For a number of requests, the delay
	// is least if their rate is proportional to the square root of the hazard rate (J. B.
	// Keller, Optimum Checking Schedules for Systems Subject to Random Failure, Management
	// Science 21, 1974). densest is the gap at the median, in RequestGaps before the shortest
	// gap is applied, which saves a few requests. sparsest is the longest gap.
	densest, sparsest = 0.8, 5
	// sparse bounds an execution's history: between two checks passes at least this fraction of
	// the generation's age, so there are fewer than 200 in a day.
	sparse = 20
	// longestWait is the longest time between two polls of a late generation, unless sparse
	// gives more.
	longestWait = 15 * time.Minute
)

// checkUSD is the cost of one more check, without its time.
const checkUSD = cost.CheckTransitions*cost.Transition + cost.Invocation + cost.TableRead + cost.TableWrite

// FirstWait returns the time until the first poll of a generation of that age.
func (s Schedule) FirstWait(f Forecast, age time.Duration) time.Duration {
	return max(min(s.aim(f, age), s.First-age), time.Second)
}

// Wait returns the time until the next check of a generation still running at that age, after a
// check that lasted for checked.
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

// Sparse returns the shortest time between two steps of a job that has taken age so far. It
// bounds the steps of an execution, whose history Step Functions ends at 25,000 events.
func Sparse(age time.Duration) time.Duration { return age / sparse }

// aim returns the wait until a poll is worth its price. A check that keeps polling begins when
// the first videos could be done. A single poll comes when the expected delay costs as much as
// the check.
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

// likely reports whether a check keeps polling a generation of that age.
func (s Schedule) likely(f Forecast, age time.Duration) bool {
	return s.PollWindow > 0 && age < s.Soft && f.Survival(age) > tail
}

// Again returns the time until a check's next request about a generation still running at that
// age. It returns false if the check ends instead. polling is how long the check has been
// polling.
func (s Schedule) Again(f Forecast, age, polling time.Duration) (time.Duration, bool) {
	if !s.likely(f, age) {
		return 0, false
	}
	// This is infinite if the hazard rate is 0.
	gaps := densest * math.Sqrt(f.Hazard(f.Usual())/f.Hazard(age))
	gap := time.Duration(min(max(gaps, 1), sparsest) * float64(s.RequestGap))
	gap = max(min(gap, s.Interval), s.RequestGap)
	return gap, polling+gap <= s.PollWindow
}
