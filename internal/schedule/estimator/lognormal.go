package estimator

import (
	"math"
	"time"

	"github.com/takeup/takeup/internal/schedule"
)

// straggler is the share of generations that follow no distribution: they hang in a queue, or
// the provider lost them.
const straggler = 0.01

// lognormal is a lognormal distribution, mixed with a Pareto distribution of shape 1 for the
// stragglers: one that has run for some time runs for as long again with a probability of one
// half.
type lognormal struct {
	mu, sigma float64 // of the logarithm of the seconds
}

// Survival implements schedule.Distribution.
func (l lognormal) Survival(age time.Duration) float64 {
	if age <= 0 {
		return 1
	}
	late := 1.0
	if from := l.late(); age > from {
		late = float64(from) / float64(age)
	}
	return (1-straggler)*above((math.Log(age.Seconds())-l.mu)/l.sigma) + straggler*late
}

// Hazard implements schedule.Distribution. It is the density divided by Survival.
func (l lognormal) Hazard(age time.Duration) float64 {
	t := age.Seconds()
	if t <= 0 {
		return 0
	}
	ends := (1 - straggler) * density((math.Log(t)-l.mu)/l.sigma) / (l.sigma * t)
	if from := l.late(); age > from {
		ends += straggler * from.Seconds() / (t * t)
	}
	return ends / l.Survival(age)
}

// late returns the age from which stragglers end, the Pareto distribution's scale: two standard
// deviations above the median.
func (l lognormal) late() time.Duration {
	return time.Duration(min(math.Exp(l.mu+2*l.sigma), schedule.Longest.Seconds()) * float64(time.Second))
}

// above returns the standard normal distribution's probability above z.
func above(z float64) float64 { return math.Erfc(z/math.Sqrt2) / 2 }

// density returns the standard normal distribution's density at z.
func density(z float64) float64 { return math.Exp(-z*z/2) / math.Sqrt(2*math.Pi) }
