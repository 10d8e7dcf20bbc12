package poll

import (
	"math"
	"math/rand/v2"
	"time"
)

// distribution is the distribution of a provider's generation times.
type distribution interface {
	draw(*rand.Rand) time.Duration
	// done returns the share of generations that have ended at an age.
	done(age time.Duration) float64
}

// lognormal is a lognormal distribution, by its median and the standard deviation of its
// logarithm.
type lognormal struct {
	median time.Duration
	sigma  float64
}

func (l lognormal) draw(random *rand.Rand) time.Duration {
	return time.Duration(float64(l.median) * math.Exp(l.sigma*random.NormFloat64()))
}

func (l lognormal) done(age time.Duration) float64 {
	if age <= 0 {
		return 0
	}
	z := math.Log(float64(age)/float64(l.median)) / l.sigma
	return math.Erfc(-z/math.Sqrt2) / 2
}

// mixture follows one distribution for a share of the jobs, and another for the rest.
type mixture struct {
	share      float64
	most, rest distribution
}

func (m mixture) draw(random *rand.Rand) time.Duration {
	if random.Float64() < m.share {
		return m.most.draw(random)
	}
	return m.rest.draw(random)
}

func (m mixture) done(age time.Duration) float64 {
	return m.share*m.most.done(age) + (1-m.share)*m.rest.done(age)
}

// row is a provider that follows one distribution for the first half of the jobs and another for
// the second.
type row struct {
	name   string
	halves [2]distribution
}

// shifts reports whether the halves differ.
func (r row) shifts() bool { return r.halves[0] != r.halves[1] }

func steady(name string, d distribution) row { return row{name, [2]distribution{d, d}} }

// judged is the row of the last line.
const judged = "median 80 s, sigma 0.35"

func rows() []row {
	const second = time.Second
	return []row{
		steady("median 80 s, sigma 0.2", lognormal{80 * second, 0.2}),
		steady(judged, lognormal{80 * second, 0.35}),
		steady("median 80 s, sigma 0.6", lognormal{80 * second, 0.6}),
		steady("median 300 s, sigma 0.2", lognormal{300 * second, 0.2}),
		steady("median 300 s, sigma 0.35", lognormal{300 * second, 0.35}),
		steady("median 300 s, sigma 0.6", lognormal{300 * second, 0.6}),
		steady("70 % 60 s, 30 % 180 s", mixture{0.7, lognormal{60 * second, 0.2}, lognormal{180 * second, 0.2}}),
		{"median 80 s, then 160 s", [2]distribution{lognormal{80 * second, 0.35}, lognormal{160 * second, 0.35}}},
	}
}
