package poll

import (
	"math/rand/v2"

	"github.com/takeup/takeup/internal/schedule"
	"github.com/takeup/takeup/internal/schedule/estimator"
)

// seconds is the length of the videos, on which the built-in forecast depends.
const seconds = 5

// The policies, in the order of the tables.
const (
	loop15 = iota
	exponential
	cold
	learned
	best
	policies
)

func names() [policies]string {
	return [policies]string{
		"every 15 s", "doubling up to 60 s", "ours, cold", "ours, after 20 jobs", "the optimum",
	}
}

// measure simulates a row's jobs, the same for each policy. They come in runs, each with its own
// history of twenty jobs, from which our schedule learned what it observed. If the row shifts, a
// run spans the shift, and our schedule keeps learning. Otherwise it knows only those twenty.
func measure(t Template, r row, jobs int) [policies]result {
	random := rand.New(rand.NewPCG(6, 2))
	prior := estimator.BuiltIn(seconds)
	bounds := t.Schedule
	var optima [2]plan
	for i, half := range r.halves {
		if i == 0 || r.shifts() {
			optima[i] = solve(half, bounds.RequestGap, bounds.PollWindow, t.Memory.Check).plan()
		} else {
			optima[i] = optima[0]
		}
	}
	tallies := [policies]tally{cold: {learns: true, asksMetrics: true}, learned: {learns: true}, best: {learns: true}}
	for i := range tallies {
		tallies[i].memory = t.Memory
	}
	each := schedule.Window
	if r.shifts() {
		each = 4 * schedule.Window
	}
	for left := jobs; left > 0; left -= each {
		var seen []schedule.Seen
		learn := func(s schedule.Seen) {
			seen = append(seen, s)
			seen = seen[max(0, len(seen)-schedule.Window):]
		}
		for range schedule.Window {
			var past tally
			learn(past.add(ours(bounds, prior.Learn(seen)), r.halves[0].draw(random)))
		}
		forecast := prior.Learn(seen)
		for i := range each {
			half := 2 * i / each
			took := r.halves[half].draw(random)
			tallies[loop15].add(loop(every15), took)
			tallies[exponential].add(loop(doubling), took)
			tallies[cold].add(ours(bounds, prior.Forecast()), took)
			tallies[best].add(optima[half], took)
			saw := tallies[learned].add(ours(bounds, forecast), took)
			if r.shifts() {
				learn(saw)
				forecast = prior.Learn(seen)
			}
		}
	}
	var results [policies]result
	for i := range tallies {
		results[i] = tallies[i].result()
	}
	return results
}

// ratios are those of the last line: our schedule after twenty jobs relative to the loop, and
// its measure relative to the optimum's.
type ratios struct{ lag, usd, requests, optimum float64 }

func compare(r [policies]result) ratios {
	return ratios{
		lag: r[learned].lag / r[loop15].lag, usd: r[learned].usd / r[loop15].usd,
		requests: r[learned].requests / r[loop15].requests, optimum: r[learned].measure / r[best].measure,
	}
}
