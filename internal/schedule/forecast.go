package schedule

import "time"

// Distribution is the probability distribution of a generation's time, as estimated. A schedule
// depends on nothing else about generations.
type Distribution interface {
	// Survival returns the probability that a generation takes longer than age: 1 at age 0, and
	// above 0 at any age.
	Survival(age time.Duration) float64
	// Hazard returns the hazard rate: the probability per second that a generation running at
	// that age ends then.
	Hazard(age time.Duration) float64
}

// Forecast forecasts the time of a generation. Package estimator makes one. The zero value must
// not be used.
type Forecast struct{ Distribution }

// unexpected is the share of generations below which those still running were probably lost by
// the provider, so that nothing can be said about their end.
const unexpected = 0.02

// Done returns the probability that a generation has ended at that age.
func (f Forecast) Done(age time.Duration) float64 { return 1 - f.Survival(age) }

// Usual returns the median: the age by which half of the generations have ended.
func (f Forecast) Usual() time.Duration { return f.after(0, 0.5) }

// Most returns the age by which nine in ten generations have ended.
func (f Forecast) Most() time.Duration { return f.after(0, 0.9) }

// Left returns the median residual life: the time until half of the generations running at that
// age have ended. It returns false if hardly any generation gets that old.
func (f Forecast) Left(age time.Duration) (time.Duration, bool) {
	age = max(age, 0)
	if f.Survival(age) < unexpected {
		return 0, false
	}
	return f.after(age, 0.5), true
}

// after returns the time until a share of the generations running at an age have ended, to 10
// ms. It uses bisection, and the result is at most Longest.
func (f Forecast) after(age time.Duration, share float64) time.Duration {
	left := (1 - share) * f.Survival(age)
	low, high := age, age+time.Second
	for f.Survival(high) > left && high < Longest {
		low, high = high, age+2*(high-age)
	}
	for high-low > 10*time.Millisecond {
		middle := low + (high-low)/2
		if f.Survival(middle) > left {
			low = middle
		} else {
			high = middle
		}
	}
	return high - age
}

// ends returns the share of the generations running at an age that end within a time.
func (f Forecast) ends(age, within time.Duration) float64 {
	return 1 - f.Survival(age+within)/f.Survival(age)
}

// Longest bounds the times of a forecast: no deadline is later.
const Longest = 14 * 24 * time.Hour
