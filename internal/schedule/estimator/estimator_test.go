package estimator_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/schedule"
	"github.com/takeup/takeup/internal/schedule/estimator"
)

// generations draws times from a lognormal distribution, as seen by polls at intervals of step
// after a first poll at first.
func generations(seed uint64, n int, median time.Duration, sigma float64, first, step time.Duration) []schedule.Seen {
	random := rand.New(rand.NewPCG(seed, 1))
	seen := make([]schedule.Seen, n)
	for i := range seen {
		took := time.Duration(float64(median) * math.Exp(sigma*random.NormFloat64()))
		seen[i] = schedule.Seen{By: first}
		for seen[i].By < took {
			seen[i].After, seen[i].By = seen[i].By, seen[i].By+step
		}
	}
	return seen
}

func between(t *testing.T, what string, got, low, high time.Duration) {
	t.Helper()
	if got < low || got > high {
		t.Errorf("%s is %v, and should be from %v to %v", what, got, low, high)
	}
}

func TestBuiltIn(t *testing.T) {
	five, ten := estimator.BuiltIn(5).Forecast(), estimator.BuiltIn(10).Forecast()
	between(t, "five seconds", five.Usual(), 75*time.Second, 90*time.Second)
	between(t, "most of five seconds", five.Most(), 4*time.Minute, 6*time.Minute)
	between(t, "ten seconds", ten.Usual(), 150*time.Second, 180*time.Second)
	// Seven minutes have been seen, and a fifth of the median is possible.
	if done := five.Done(430 * time.Second); done < 0.9 || done > 0.995 {
		t.Errorf("%v are done after seven minutes", done)
	}
	if done := five.Done(15 * time.Second); done < 0.01 || done > 0.1 {
		t.Errorf("%v are done after 15 s", done)
	}
}

func TestMeasured(t *testing.T) {
	measured := provider.Percentiles{P50: 200 * time.Second, P90: 330 * time.Second}
	prior, ok := estimator.Measured(measured.P50, measured.P90)
	if !ok {
		t.Fatal("it is not taken")
	}
	between(t, "what is usual", prior.Forecast().Usual(), 190*time.Second, 210*time.Second)
	for name, p := range map[string]provider.Percentiles{
		"none":                 {},
		"the time of a create": {P50: 400 * time.Millisecond, P90: time.Second},
		"hours":                {P50: 5 * time.Hour, P90: 6 * time.Hour},
		"out of order":         {P50: 200 * time.Second, P90: 100 * time.Second},
	} {
		if _, ok := estimator.Measured(p.P50, p.P90); ok {
			t.Errorf("%s is taken", name)
		}
	}
}

func TestLearn(t *testing.T) {
	for _, median := range []time.Duration{20 * time.Second, 80 * time.Second, 300 * time.Second} {
		for _, sigma := range []float64{0.2, 0.35, 0.6} {
			seen := generations(7, schedule.Window, median, sigma, 10*time.Second, 3*time.Second)
			forecast := estimator.BuiltIn(5).Learn(seen)
			off := time.Duration(float64(median) * sigma * 2 / math.Sqrt(schedule.Window))
			between(t, "the middle", forecast.Usual(), median-off, median+off)
			low := time.Duration(float64(median) * math.Exp(-2*sigma))
			if done := forecast.Done(low); done < 0.002 || done > 0.1 {
				t.Errorf("median %v, sigma %v: %v are done at the quantile 0.023", median, sigma, done)
			}
		}
	}
}

// A first poll that is too late bounds the time from above only. After a few of them it must
// come earlier.
func TestLearnThatTheFirstPollIsTooLate(t *testing.T) {
	forecast := estimator.BuiltIn(5).Learn(generations(7, schedule.Window, 80*time.Second, 0.3, time.Second, time.Second))
	for range 3 {
		first := 40 * time.Second
		forecast = estimator.BuiltIn(5).Learn(generations(9, schedule.Window, 20*time.Second, 0.3, first, time.Second))
	}
	if done := forecast.Done(30 * time.Second); done < 0.5 {
		t.Errorf("every one was done at the first poll at 40 s, and %v are expected at 30 s", done)
	}
}

func TestLeft(t *testing.T) {
	forecast := estimator.BuiltIn(5).Learn(generations(7, schedule.Window, 80*time.Second, 0.35, 30*time.Second, 3*time.Second))
	usual := forecast.Usual()
	if left, ok := forecast.Left(0); !ok || left != usual {
		t.Errorf("at first there is left %v, %v; usual is %v", left, ok, usual)
	}
	last := usual
	for _, age := range []time.Duration{20 * time.Second, 40 * time.Second, 60 * time.Second, 80 * time.Second} {
		left, ok := forecast.Left(age)
		if !ok || left >= last || age+left < usual {
			t.Errorf("at %v there is left %v, %v", age, left, ok)
		}
		// By then, half of those that were still running have ended.
		share := (1 - forecast.Done(age+left)) / (1 - forecast.Done(age))
		if math.Abs(share-0.5) > 0.01 {
			t.Errorf("at %v the share that has more than %v left is %v", age, left, share)
		}
		last = left
	}
	if left, ok := forecast.Left(-time.Minute); !ok || left != usual {
		t.Errorf("before it began there is left %v, %v", left, ok)
	}
	if left, ok := forecast.Left(time.Hour); ok {
		t.Errorf("after an hour it says that %v is left", left)
	}
}
