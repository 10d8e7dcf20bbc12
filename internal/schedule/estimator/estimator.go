// Package estimator estimates how long the next generation takes, from what polls saw of the
// last ones. It is pure: it reads no clock and does no I/O.
//
// Times are lognormal. The logarithm's mean and variance have the conjugate prior of the normal
// distribution, the normal-inverse-chi-squared distribution (Gelman et al., Bayesian Data
// Analysis, 3rd edition, section 3.3). Polls give no times but intervals that contain them, so
// mean and variance are estimated by expectation maximization (Dempster, Laird and Rubin,
// Maximum Likelihood from Incomplete Data via the EM Algorithm, 1977).
package estimator

import (
	"math"
	"time"

	"github.com/takeup/takeup/internal/schedule"
)

// Prior is the distribution of a generation's time before any was seen: a
// normal-inverse-chi-squared distribution of the mean and the variance of the logarithm of its
// seconds. kappa and nu say how many generations the mean and the variance are worth.
type Prior struct {
	mu, sigma float64
	kappa, nu float64
}

// BuiltIn returns the prior for a video of a duration in seconds. It is wide: the provider's own
// example of five seconds took 78 s, and other Kling models up to 7 min.
// https://docs.aimlapi.com, as of 2026-08-21.
func BuiltIn(duration int) Prior {
	const usual, length = 80, 5
	longer := float64(max(duration, length)) / length
	return Prior{mu: math.Log(usual * longer), sigma: 0.35, kappa: 0.25, nu: 6}
}

// Measured returns the prior from the median and the 90th percentile that the provider measured
// for a model, for videos of any duration. It returns false if they can't be a generation's
// times.
func Measured(p50, p90 time.Duration) (Prior, bool) {
	if p50 < 5*time.Second || p50 > 2*time.Hour || p90 < p50 {
		return Prior{}, false
	}
	const z90 = 1.2816 // the 90th percentile of the standard normal distribution
	sigma := math.Log(p90.Seconds()/p50.Seconds()) / z90
	return Prior{mu: math.Log(p50.Seconds()), sigma: min(max(sigma, 0.2), 0.7), kappa: 1, nu: 6}, true
}

// Forecast returns the forecast before any generation was seen.
func (p Prior) Forecast() schedule.Forecast { return p.Learn(nil) }

// iterations is the number of iterations of expectation maximization. More change nothing that
// matters.
const iterations = 12

// Learn returns the forecast from what was seen. The more there is, the less the prior counts. A
// first poll that was too late bounds a time from above only. Because times and their
// distribution are estimated together, a provider that became faster is noticed all the same.
func (p Prior) Learn(seen []schedule.Seen) schedule.Forecast {
	mu, sigma := p.mu, p.sigma
	n := float64(len(seen))
	kappa, nu := p.kappa+n, p.nu+n
	variance := sigma * sigma
	intervals := make([]interval, len(seen))
	for i, s := range seen {
		intervals[i] = intervalOf(s)
	}
	for range iterations {
		if n == 0 {
			break
		}
		var sum, squares float64
		for _, within := range intervals {
			mean, square := moments(mu, sigma, within)
			sum, squares = sum+mean, squares+square
		}
		// The posterior's parameters, without the variance's term for the distance between the
		// prior's mean and the data's: a prior that is off must not widen the forecast.
		mean := sum / n
		deviations := max(squares-n*mean*mean, 0)
		mu = (p.kappa*p.mu + sum) / kappa
		variance = (p.nu*p.sigma*p.sigma + deviations) / nu
		sigma = math.Sqrt(variance)
	}
	// The posterior predictive distribution is Student's t distribution with nu degrees of
	// freedom and the scale variance·(1+1/kappa). It is approximated by a normal distribution of
	// the same variance, which is nu/(nu-2) times that scale.
	predicted := variance * (1 + 1/kappa) * nu / (nu - 2)
	return schedule.Forecast{Distribution: lognormal{mu: mu, sigma: math.Sqrt(predicted)}}
}

// interval is what was seen of a time, as logarithms of seconds. after is -Inf if nothing bounds
// the time from below.
type interval struct{ after, by float64 }

func intervalOf(s schedule.Seen) interval {
	within := interval{after: math.Inf(-1), by: math.Log(max(s.By.Seconds(), 1))}
	if s.After > 0 {
		within.after = min(math.Log(max(s.After.Seconds(), 0.5)), within.by)
	}
	return within
}

// moments returns the expected value of the logarithm of a time, and of its square, given that
// the time is within an interval: the moments of a truncated normal distribution (Johnson, Kotz
// and Balakrishnan, Continuous Univariate Distributions, volume 1, chapter 13).
func moments(mu, sigma float64, within interval) (mean, square float64) {
	high := (within.by - mu) / sigma
	highDensity := density(high)
	low, lowDensity, lowTerm, from := math.Inf(-1), 0.0, 0.0, within.by
	if !math.IsInf(within.after, -1) {
		from = within.after
		low = (from - mu) / sigma
		lowDensity = density(low)
		lowTerm = low * lowDensity
	}
	mass := above(low) - above(high)
	if low < -1 {
		mass = above(-high) - above(-low) // the same value; the difference of two numbers near 1 loses digits
	}
	if mass < 1e-9 {
		middle := (from + within.by) / 2
		return middle, middle * middle
	}
	shift := (lowDensity - highDensity) / mass
	width := max(1+(lowTerm-high*highDensity)/mass-shift*shift, 0)
	mean = mu + sigma*shift
	return mean, mean*mean + sigma*sigma*width
}
