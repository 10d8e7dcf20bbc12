package schedule_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/schedule"
	"github.com/takeup/takeup/internal/schedule/cost"
	"github.com/takeup/takeup/internal/schedule/estimator"
)

// usual has the template's defaults.
func usual() schedule.Schedule {
	return schedule.Schedule{
		First: 10 * time.Minute, Interval: time.Minute, RequestGap: 3 * time.Second, PollWindow: 4 * time.Minute,
		Soft: 30 * time.Minute, Hard: 24 * time.Hour,
	}
}

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

// known returns the forecast after enough generations of a lognormal distribution.
func known(median time.Duration, sigma float64) schedule.Forecast {
	return estimator.BuiltIn(5).Learn(generations(3, schedule.Window, median, sigma, time.Second, time.Second))
}

func TestTheFirstPollComesWhenAVideoCouldBeThere(t *testing.T) {
	for _, f := range []schedule.Forecast{estimator.BuiltIn(5).Forecast(), known(80*time.Second, 0.35), known(300*time.Second, 0.2)} {
		wait := usual().FirstWait(f, 0)
		if done := f.Done(wait); math.Abs(done-0.03) > 0.001 {
			t.Errorf("after %v there are %v", wait, done)
		}
		// The time since the submission counts.
		if later := usual().FirstWait(f, 2*time.Second); later > wait-time.Second {
			t.Errorf("after two seconds it waits %v, from the start %v", later, wait)
		}
	}
}

func TestTheFirstWaitIsBounded(t *testing.T) {
	s, long := usual(), known(2*time.Hour, 0.2)
	between(t, "a long one", s.FirstWait(long, 0), s.First, s.First)
	between(t, "the rest of it", s.FirstWait(long, time.Minute), s.First-time.Minute, s.First-time.Minute)
	between(t, "one that is over", s.FirstWait(long, time.Hour), time.Second, time.Second)
	s.First = time.Second
	between(t, "the shortest", s.FirstWait(long, 0), time.Second, time.Second)
}

func TestRequestsAreDenseWhereVideosCome(t *testing.T) {
	s, f := usual(), known(80*time.Second, 0.35)
	gap := func(age time.Duration) time.Duration {
		gap, again := s.Again(f, age, 0)
		if !again {
			t.Errorf("at %v it does not ask again", age)
		}
		return gap
	}
	between(t, "at the middle", gap(f.Usual()), s.RequestGap, s.RequestGap)
	between(t, "later", gap(2*f.Usual()), s.RequestGap, s.RequestGap)
	first := s.FirstWait(f, 0)
	between(t, "at first", gap(first), s.RequestGap+time.Second, 3*s.RequestGap)
	if gap(first) <= gap(first+10*time.Second) {
		t.Errorf("at first it is %v, ten seconds later %v", gap(first), gap(first+10*time.Second))
	}
	between(t, "far before", gap(time.Second), 5*s.RequestGap, 5*s.RequestGap)
	s.Interval = 5 * time.Second
	between(t, "far before, with a small interval", gap(time.Second), s.Interval, s.Interval)
	s.Interval = time.Second
	between(t, "with an interval below the floor", gap(time.Second), s.RequestGap, s.RequestGap)
}

func TestWhenACheckEnds(t *testing.T) {
	s, f := usual(), known(80*time.Second, 0.35)
	none := s
	none.PollWindow = 0
	for name, c := range map[string]struct {
		schedule    schedule.Schedule
		age, asking time.Duration
		again       bool
	}{
		"in the middle":           {s, 80 * time.Second, 0, true},
		"within the poll window":  {s, 80 * time.Second, s.PollWindow - s.RequestGap, true},
		"the poll window is over": {s, 80 * time.Second, s.PollWindow - s.RequestGap + time.Millisecond, false},
		"there is no poll window": {none, 80 * time.Second, 0, false},
		"hardly any is so late":   {s, 6 * time.Minute, 0, false},
		"it is late":              {s, s.Soft, 0, false},
		"what is known is hours":  {s, s.Soft - time.Second, 0, false},
	} {
		if _, again := c.schedule.Again(f, c.age, c.asking); again != c.again {
			t.Errorf("%s: it asks again: %v", name, again)
		}
	}
	// The same applies if the soft deadline comes before the usual time.
	if _, again := s.Again(known(2*time.Hour, 0.2), s.Soft, 0); again {
		t.Error("after the soft deadline it asks again")
	}
}

// A single poll comes when the expected delay costs as much as the check.
func TestASinglePoll(t *testing.T) {
	s, f := usual(), known(80*time.Second, 0.35)
	s.PollWindow = 0
	for _, age := range []time.Duration{20 * time.Second, 60 * time.Second, 90 * time.Second} {
		wait := s.Wait(f, age, 0)
		lag := 0.0
		for w := time.Duration(0); w < wait; w += 100 * time.Millisecond {
			lag += 0.1 * (f.Done(age+w) - f.Done(age)) / (1 - f.Done(age))
		}
		if share := lag * schedule.LagUSD / (cost.CheckTransitions * cost.Transition); share < 0.7 || share > 1.4 {
			t.Errorf("at %v it waits %v, with a delay that costs %v of a check", age, wait, share)
		}
	}
	// The waits for a late generation become longer and longer.
	last := time.Duration(0)
	for _, age := range []time.Duration{6 * time.Minute, 10 * time.Minute, 20 * time.Minute, 40 * time.Minute, time.Hour, 2 * time.Hour} {
		wait := usual().Wait(f, age, 0)
		if wait <= last {
			t.Errorf("at %v it waits %v, and before %v", age, wait, last)
		}
		last = wait
	}
}

func TestWaitsAreBounded(t *testing.T) {
	s, f := usual(), known(80*time.Second, 0.35)
	between(t, "the interval", s.Wait(known(10*time.Hour, 0.2), 5*time.Minute, 0), s.Interval, s.Interval)
	between(t, "after the soft deadline", s.Wait(f, 80*time.Minute, 0), 5*time.Minute, 5*time.Minute)
	between(t, "at most, of some hours", s.Wait(f, 4*time.Hour, 0), 15*time.Minute, 15*time.Minute)
	between(t, "of a day", s.Wait(f, 20*time.Hour, 0), time.Hour, time.Hour)
	between(t, "the hard deadline", s.Wait(f, s.Hard-10*time.Minute, 0), 10*time.Minute, 10*time.Minute)
	between(t, "a twentieth of the age", s.Wait(f, 100*time.Second, 0), 5*time.Second, 5*time.Second)
	between(t, "of which a check took its part", s.Wait(f, 100*time.Second, 3*time.Second), s.RequestGap, s.RequestGap)
}

// The forecast follows a shift of the distribution within twenty jobs, after which the earlier
// past counts no more. From the fifth to the tenth job, the first poll is not late for either
// distribution.
func TestAShiftIsFollowed(t *testing.T) {
	s := usual()
	for _, c := range []struct{ before, after time.Duration }{{80 * time.Second, 160 * time.Second}, {160 * time.Second, 80 * time.Second}} {
		seen := generations(3, schedule.Window, c.before, 0.35, time.Second, time.Second)
		fresh := generations(5, schedule.Window, c.after, 0.35, time.Second, time.Second)
		for i, next := range fresh {
			seen = append(seen[1:], next)
			wait := s.FirstWait(estimator.BuiltIn(5).Learn(seen), 0)
			if limit := time.Duration(float64(min(c.before, c.after)) * 0.65); i >= 5 && i < 10 && wait > limit {
				t.Errorf("from %v to %v, after %d jobs the first wait is %v", c.before, c.after, i+1, wait)
			}
		}
		if got, want := estimator.BuiltIn(5).Learn(seen), estimator.BuiltIn(5).Learn(slices.Clone(fresh)); got != want {
			t.Errorf("from %v to %v, after twenty jobs: %v, want %v", c.before, c.after, got.Usual(), want.Usual())
		}
	}
}

// FuzzSchedule checks the promises for every schedule, age and past.
func FuzzSchedule(f *testing.F) {
	f.Add(uint16(600), uint16(60), uint8(3), uint8(240), uint32(1800), uint32(86400), uint32(80), uint32(90), uint16(10))
	f.Add(uint16(1), uint16(1), uint8(1), uint8(0), uint32(1), uint32(604800), uint32(0), uint32(1), uint16(0))
	f.Add(uint16(3600), uint16(1), uint8(60), uint8(1), uint32(86400), uint32(1), uint32(86400), uint32(604799), uint16(65535))
	f.Fuzz(func(t *testing.T, first, interval uint16, gapSeconds, windowSeconds uint8, soft, hard, age, took uint32, busy uint16) {
		seconds := func(n uint32) time.Duration { return time.Duration(n) * time.Second }
		const longest = 14 * 24 * time.Hour
		if gapSeconds == 0 || seconds(age) > longest || seconds(took) > longest {
			return
		}
		s := schedule.Schedule{
			First: seconds(uint32(first)), Interval: seconds(uint32(interval)), RequestGap: seconds(uint32(gapSeconds)),
			PollWindow: seconds(uint32(windowSeconds)), Soft: seconds(soft), Hard: seconds(hard),
		}
		at, checked := seconds(age), seconds(uint32(busy))
		forecast := estimator.BuiltIn(5).Learn([]schedule.Seen{{By: seconds(took)}, {After: seconds(took / 2), By: seconds(took)}})

		if wait := s.FirstWait(forecast, at); wait < time.Second || wait > max(s.First-at, time.Second) {
			t.Errorf("the first wait is %v", wait)
		}
		wait := s.Wait(forecast, at, checked)
		least := max(time.Second, s.RequestGap, schedule.Sparse(at)-checked)
		if left := s.Hard - at; left > s.RequestGap {
			least = min(least, left)
		}
		if most := max(s.Interval, 15*time.Minute, s.RequestGap, at/20); wait < least || wait > most {
			t.Errorf("it waits %v, which should be from %v to %v", wait, least, most)
		}
		gap, again := s.Again(forecast, at, checked)
		if again && (gap < s.RequestGap || gap > max(s.RequestGap, min(5*s.RequestGap, s.Interval)) || checked+gap > s.PollWindow || at >= s.Soft) {
			t.Errorf("it asks again after %v", gap)
		}
		if left, ok := forecast.Left(at); ok && (left <= 0 || left > 2*longest) {
			t.Errorf("there is left %v", left)
		}
	})
}
