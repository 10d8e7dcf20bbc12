package poll

import (
	"math"
	"time"

	"github.com/takeup/takeup/internal/schedule"
	"github.com/takeup/takeup/internal/schedule/cost"
)

// tick is the resolution of the ages at which the optimum may poll.
const tick = 100 * time.Millisecond

// optimum is the plan with the least measure for a known distribution, by dynamic programming
// from the end. At each poll that finds the generation running, a check either polls again after
// some time, or leaves for a wait of whole seconds and the next check. The limits are those of
// our schedule: a gap between requests, and a poll window for a check. Requests to the provider
// cost nothing.
type optimum struct {
	gap, window, request int       // in ticks, like all times here
	pauses               []int     // the pauses that a check may make between two requests
	done, area           []float64 // the share that has ended, and its integral in seconds
	// For each age, the expected future measure of the jobs that still run: if a check leaves
	// then, with the best wait, and if one begins with a request then.
	leaving, beginning []float64
	waits              []int
	lambdaUSD          float64 // cost of a tick of a check
}

// checkUSD is the cost of one more check, without its duration.
const checkUSD = cost.CheckTransitions*cost.Transition + cost.Invocation + cost.TableRead + cost.TableWrite

// farEnough is the share of the jobs that the optimum ignores.
const farEnough = 1e-5

// solve returns the optimum for a distribution, for checks with checkGB of memory.
func solve(d distribution, gap, window time.Duration, checkGB float64) *optimum {
	o := &optimum{
		gap: int(gap / tick), window: int(window / tick), request: int(requestTime / tick),
		lambdaUSD: checkGB * cost.GBSecond * tick.Seconds(),
	}
	for _, longer := range []int{0, 1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 50, 100, 200} {
		o.pauses = append(o.pauses, o.gap+longer)
	}
	for age := time.Duration(0); len(o.done) == 0 || 1-o.done[len(o.done)-1] > farEnough; age += tick {
		n := len(o.done)
		o.done, o.area = append(o.done, d.done(age)), append(o.area, 0)
		if n > 0 {
			o.area[n] = o.area[n-1] + (o.done[n]+o.done[n-1])/2*tick.Seconds()
		}
	}
	ages := len(o.done)
	o.leaving, o.beginning, o.waits = make([]float64, ages), make([]float64, ages), make([]int, ages)
	values, choices := make([]float64, o.window+1), make([]int, o.window+1)
	for age := ages - 1; age >= 0; age-- {
		o.leave(age)
		o.check(age, values, choices)
		o.beginning[age] = values[0]
	}
	return o
}

// usd returns the expected measure, without what each video costs even if noticed at once.
func (o *optimum) usd() float64 { return o.leaving[0] }

// lag returns the cost of the lag of the jobs that end after one poll and are noticed by the
// next.
func (o *optimum) lag(from, to int) float64 {
	ended := o.done[to] - o.done[from]
	waited := o.area[to] - o.area[from] - o.done[from]*float64(to-from)*tick.Seconds()
	return schedule.LagUSD * (waited + ended*requestTime.Seconds())
}

// leave finds the best wait at an age. At 0, there was no request yet.
func (o *optimum) leave(age int) {
	best, wait := math.Inf(1), 0
	from := age + o.request
	if age == 0 {
		from = 0
	}
	for seconds := 1; ; seconds++ {
		next := from + seconds*int(time.Second/tick)
		if next >= len(o.done) {
			break
		}
		lag := o.lag(age, next)
		if lag > best {
			break // a longer wait alone costs more
		}
		if next-age < o.gap {
			continue
		}
		all := lag + (1-o.done[age])*(checkUSD+float64(o.request)*o.lambdaUSD) + o.beginning[next]
		if all < best {
			best, wait = all, seconds
		}
	}
	if wait == 0 {
		best = 0 // beyond the horizon
	}
	o.leaving[age], o.waits[age] = best, wait
}

// check finds the best choice after each request of a check that begins at an age, by the time
// since it began: the pause before the next request, or 0 to leave.
func (o *optimum) check(began int, values []float64, choices []int) {
	for since := o.window; since >= 0; since-- {
		age := began + since
		values[since], choices[since] = 0, 0
		if age >= len(o.done) {
			continue
		}
		best, choice := o.leaving[age], 0
		for _, pause := range o.pauses {
			if since+pause > o.window || age+pause >= len(o.done) {
				break
			}
			all := o.lag(age, age+pause) + (1-o.done[age])*o.lambdaUSD*float64(pause) + values[since+pause]
			if all < best {
				best, choice = all, pause
			}
		}
		values[since], choices[since] = best, choice
	}
}

// plan follows the best choices. Beyond the horizon, it polls every ten seconds.
func (o *optimum) plan() plan {
	var looks []look
	values, choices := make([]float64, o.window+1), make([]int, o.window+1)
	age := o.waits[0] * int(time.Second/tick)
	for check := 0; ; check++ {
		o.check(age, values, choices)
		since := 0
		looks = append(looks, look{time.Duration(age) * tick, check})
		for choices[since] > 0 {
			since += choices[since]
			looks = append(looks, look{time.Duration(age+since) * tick, check})
		}
		age += since
		if o.waits[age] == 0 {
			break
		}
		age += o.request + o.waits[age]*int(time.Second/tick)
	}
	return func(yield func(look) bool) {
		for _, l := range looks {
			if !yield(l) {
				return
			}
		}
		for last := looks[len(looks)-1]; yield(last); {
			last.at += 10 * time.Second
			last.check++
		}
	}
}
