package schedule

import (
	"math"
	"time"
)

// Window is how many of the last generations a forecast is learned from: enough
// for its width, and few enough that a change of the provider's pace is followed
// within as many.
const Window = 20

// Kind is what generations are told apart by: those of one kind take about as long.
type Kind struct {
	Model    string
	Duration int // seconds of video
}

// Seen is what was seen of one generation: at the age After it ran, and at the
// age By it had ended. After is 0 where the first look found it ended.
type Seen struct {
	After, By time.Duration
}

// Past is what was seen of a model's last generations of a length, oldest first.
type Past struct {
	Seen []Seen
	// Charges are what they cost, in micro-dollars. Not every generation has
	// one, so they are not those of Seen, one by one.
	Charges []int64
}

// Prior is what is expected of a generation's time before any was seen: a
// normal-inverse-gamma distribution over the logarithm of its seconds.
type Prior struct {
	mu, sigma float64
	// How many generations the location and the width are worth.
	kappa, nu float64
}

// BuiltIn is the prior for a video of that many seconds, and is wide: the
// provider's own sample of five seconds took 78 s, and other Kling models' up to
// 7 min. https://docs.aimlapi.com, as of 2026-08-21.
func BuiltIn(duration int) Prior {
	const usual, length = 80, 5
	longer := float64(max(duration, length)) / length
	return Prior{mu: math.Log(usual * longer), sigma: 0.35, kappa: 0.25, nu: 6}
}

// Measured is the prior from the median and the 90th percentile that the provider
// measured of a model, whatever the length of its videos. It is false for what can't be a generation's time.
func Measured(p50, p90 time.Duration) (Prior, bool) {
	if p50 < 5*time.Second || p50 > 2*time.Hour || p90 < p50 {
		return Prior{}, false
	}
	const z90 = 1.2816
	sigma := math.Log(p90.Seconds()/p50.Seconds()) / z90
	return Prior{mu: math.Log(p50.Seconds()), sigma: min(max(sigma, 0.2), 0.7), kappa: 1, nu: 6}, true
}

// Forecast is what is expected with nothing seen.
func (p Prior) Forecast() Forecast { return p.Learn(nil) }

// Learn is the forecast from what was seen, in which a prior counts for less the
// more there is. A look only bounds the time a generation took, and a first look
// that is too late bounds it from above alone: so times are estimated together
// with their distribution (expectation and maximization), and a provider that
// got faster is followed.
func (p Prior) Learn(seen []Seen) Forecast {
	mu, sigma := p.mu, p.sigma
	n := float64(len(seen))
	kappa, nu := p.kappa+n, p.nu+n
	variance := sigma * sigma
	for range rounds {
		var sum, squares float64
		for _, s := range seen {
			mean, square := within(mu, sigma, s)
			sum, squares = sum+mean, squares+square
		}
		if n == 0 {
			break
		}
		mean := sum / n
		around := max(squares-n*mean*mean, 0)
		mu = (p.kappa*p.mu + sum) / kappa
		variance = (p.nu*p.sigma*p.sigma + around) / nu
		sigma = math.Sqrt(variance)
	}
	// The next one's own spread, that of what is known of the middle, and a
	// Student distribution's, taken for a normal one of the same variance.
	return Forecast{mu: mu, sigma: math.Sqrt(variance * (1 + 1/kappa) * nu / (nu - 2))}
}

// rounds is how often times and distribution are estimated from each other.
const rounds = 12

// within gives the mean of the logarithm of a time that was seen, and of its
// square, where its distribution is a normal one cut to what was seen.
func within(mu, sigma float64, s Seen) (mean, square float64) {
	by := math.Log(max(s.By.Seconds(), 1))
	high := (by - mu) / sigma
	low, lowDensity, lowTerm, from := math.Inf(-1), 0.0, 0.0, by
	if s.After > 0 {
		from = min(math.Log(max(s.After.Seconds(), 0.5)), by)
		low = (from - mu) / sigma
		lowDensity = density(low)
		lowTerm = low * lowDensity
	}
	mass := above(low) - above(high)
	if low < -1 {
		mass = above(-high) - above(-low) // the same, without losing digits below
	}
	if mass < 1e-9 {
		middle := (from + by) / 2
		return middle, middle * middle
	}
	shift := (lowDensity - density(high)) / mass
	width := max(1+(lowTerm-high*density(high))/mass-shift*shift, 0)
	mean = mu + sigma*shift
	return mean, mean*mean + sigma*sigma*width
}
