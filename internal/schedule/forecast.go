// Package schedule says when to ask the provider how a generation is doing, from
// how long it has run and what is known of earlier ones. It is pure: it reads no
// clock and does no I/O.
package schedule

import (
	"math"
	"time"
)

// stray is the share of generations that are expected to keep to no time: those
// that hang in a queue, or that the provider forgot.
const stray = 0.01

// Forecast is what is expected of the time that a generation takes: lognormal,
// but for a few strays. The zero value is no forecast; Learn gives one.
type Forecast struct {
	mu, sigma float64 // of the logarithm of its seconds
}

// Done is the probability that a generation has ended at that age.
func (f Forecast) Done(age time.Duration) float64 { return 1 - f.running(age) }

// running is the probability that it still runs at that age. The strays come
// late, and one that has run for long runs as long again, as likely as not.
func (f Forecast) running(age time.Duration) float64 {
	if age <= 0 {
		return 1
	}
	late := 1.0
	if from := f.late(); age > from {
		late = float64(from) / float64(age)
	}
	return (1-stray)*above((math.Log(age.Seconds())-f.mu)/f.sigma) + stray*late
}

// late is the age from which a stray may end: two standard deviations above what
// is usual.
func (f Forecast) late() time.Duration { return toDuration(math.Exp(f.mu + 2*f.sigma)) }

// hazard is the probability by the second that a generation that runs at that
// age ends then.
func (f Forecast) hazard(age time.Duration) float64 {
	t := age.Seconds()
	if t <= 0 {
		return 0
	}
	ending := (1 - stray) * density((math.Log(t)-f.mu)/f.sigma) / (f.sigma * t)
	if from := f.late(); age > from {
		ending += stray * from.Seconds() / (t * t)
	}
	return ending / f.running(age)
}

// Usual is the age by which half of the generations have ended.
func (f Forecast) Usual() time.Duration { return f.after(0, 0.5) }

// Most is the age by which nine in ten of the generations have ended.
func (f Forecast) Most() time.Duration { return f.after(0, 0.9) }

// Left is the time until half of the generations that run at that age have
// ended. It is false where the age is beyond all that is known: what then runs is
// more likely a stray than not.
func (f Forecast) Left(age time.Duration) (time.Duration, bool) {
	age = max(age, 0)
	if f.running(age) < 2*stray {
		return 0, false
	}
	return f.after(age, 0.5), true
}

// after is how long it takes, from an age, until a share of the generations that
// run at that age have ended. It is at most some days.
func (f Forecast) after(age time.Duration, share float64) time.Duration {
	left := (1 - share) * f.running(age)
	low, high := age, age+time.Second
	for f.running(high) > left && high < longest {
		low, high = high, age+2*(high-age)
	}
	for high-low > 10*time.Millisecond {
		middle := low + (high-low)/2
		if f.running(middle) > left {
			low = middle
		} else {
			high = middle
		}
	}
	return high - age
}

// ends is the share of the generations that run at an age which have ended some
// time after it.
func (f Forecast) ends(age, later time.Duration) float64 {
	return 1 - f.running(age+later)/f.running(age)
}

// longest bounds what is looked for: no deadline is later.
const longest = 14 * 24 * time.Hour

// above is the standard normal distribution's mass above z, and density its
// density.
func above(z float64) float64 { return math.Erfc(z/math.Sqrt2) / 2 }

func density(z float64) float64 { return math.Exp(-z*z/2) / math.Sqrt(2*math.Pi) }

func toDuration(seconds float64) time.Duration {
	return time.Duration(min(seconds, longest.Seconds()) * float64(time.Second))
}
