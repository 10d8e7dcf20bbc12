package poll

import (
	"iter"
	"math"
	"time"

	"github.com/takeup/takeup/internal/schedule"
)

// requestTime is the duration of a status request. Its answer is the status at its beginning.
const requestTime = 300 * time.Millisecond

// look is one status request.
type look struct {
	at    time.Duration // the generation's age when it begins
	check int           // the check that makes it, counted from 0
}

// plan is the sequence of polls of a generation for as long as it runs.
type plan = iter.Seq[look]

// loop is a check with one request after each wait.
func loop(wait func(check int) time.Duration) plan {
	return func(yield func(look) bool) {
		age := time.Duration(0)
		for check := 0; ; check++ {
			age += wait(check)
			if !yield(look{age, check}) {
				return
			}
			age += requestTime
		}
	}
}

// every15 is the loop of the provider's own sample.
func every15(int) time.Duration { return 15 * time.Second }

// doubling begins with one second, like Step Functions' own retries by default.
func doubling(check int) time.Duration { return min(time.Second<<min(check, 6), time.Minute) }

// ours is what Submit and Check do with a forecast.
func ours(s schedule.Schedule, f schedule.Forecast) plan {
	return func(yield func(look) bool) {
		age := wholeSeconds(s.FirstWait(f, 0))
		for check := 0; ; check++ {
			began := age
			for {
				if !yield(look{age, check}) {
					return
				}
				gap, again := s.Again(f, age, age-began)
				if !again {
					break
				}
				age += gap
			}
			age += requestTime
			age += wholeSeconds(s.Wait(f, age, age-began))
		}
	}
}

// wholeSeconds rounds a wait up to the whole seconds that the state machine takes.
func wholeSeconds(d time.Duration) time.Duration {
	return time.Duration(math.Ceil(d.Seconds())) * time.Second
}
