package pipeline_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/pipeline/check"
	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/schedule"
	"github.com/takeup/takeup/internal/video"
)

// pollWindows is a schedule with poll windows of one minute.
func pollWindows() schedule.Schedule {
	s := plain()
	s.First, s.Interval, s.RequestGap, s.PollWindow = 10*time.Minute, time.Minute, 3*time.Second, time.Minute
	return s
}

// windowed is a Check of a job that was just submitted, and whose generation is done at a given
// age. Each request takes 300 ms of the world's clock.
type windowed struct {
	*check.Step
	world *world
	known *times
	job   video.Job
	done  time.Duration
	// fail returns the error of a poll at that age, or nil.
	fail  func(age time.Duration) error
	asked []time.Duration // ages at the polls
}

func newWindowed(t *testing.T, done time.Duration) *windowed {
	t.Helper()
	w := newWorld(answer{id: "gen-1"})
	s := &windowed{world: w, known: taking(80 * time.Second), done: done, fail: func(time.Duration) error { return nil }}
	w.Schedule, w.Timings = pollWindows(), s.known
	w.provider.retrieve = func(id string) (provider.Generation, error) {
		age := w.clock.Now().Sub(s.job.SubmittedAt)
		s.asked = append(s.asked, age)
		w.clock.pass(300 * time.Millisecond)
		generation := provider.Generation{ID: id, State: provider.Running}
		if age >= s.done {
			generation = provider.Generation{ID: id, State: provider.Finished, URL: "https://cdn.example/1.mp4"}
		}
		return generation, s.fail(age)
	}
	s.Step = &check.Step{
		Providers: w.providers(), Jobs: w.jobs, Schedule: pollWindows(), Timings: s.known, Now: w.clock.Now, Log: quiet(),
		Sleep: func(_ context.Context, d time.Duration) error { w.clock.pass(d); return nil },
	}
	var err error
	if s.job, err = w.Run(t.Context(), bare()); err != nil {
		t.Fatal(err)
	}
	return s
}

// next waits as the state machine does, and runs a check.
func (s *windowed) next(ctx context.Context, t *testing.T) {
	t.Helper()
	s.world.clock.pass(time.Duration(s.job.WaitSeconds) * time.Second)
	var err error
	if s.job, err = s.Run(ctx, s.job); err != nil {
		t.Fatal(err)
	}
}

func TestAPollWindowSeesTheVideoSoon(t *testing.T) {
	s := newWindowed(t, 83*time.Second)
	if s.job.WaitSeconds < 45 || s.job.WaitSeconds > 70 {
		t.Errorf("the first wait is %d s", s.job.WaitSeconds)
	}
	s.next(t.Context(), t)
	last := s.asked[len(s.asked)-1]
	if s.job.Status != video.Completed || last < s.done || last > s.done+4*time.Second {
		t.Errorf("it is %s, seen at %v", s.job.Status, last)
	}
	for i := range s.asked[1:] {
		if gap := s.asked[i+1] - s.asked[i]; gap < 3*time.Second || gap > 15*time.Second {
			t.Errorf("look %d comes %v after the one before", i+1, gap)
		}
	}
	// Check learns the interval between the last two polls.
	want := []schedule.Seen{{After: s.asked[len(s.asked)-2], By: last}}
	if !slices.Equal(s.known.learnt, want) {
		t.Errorf("learnt is %v, want %v", s.known.learnt, want)
	}
}

func TestAPollWindowEnds(t *testing.T) {
	s := newWindowed(t, time.Hour)
	s.next(t.Context(), t)
	if first, last := s.asked[0], s.asked[len(s.asked)-1]; last-first > time.Minute || last-first < 45*time.Second {
		t.Errorf("it went on for %v", last-first)
	}
	if s.job.Status != video.Generating || s.job.WaitSeconds < 3 || s.job.WaitSeconds > 10 {
		t.Errorf("then it is %s and waits %d s", s.job.Status, s.job.WaitSeconds)
	}
	// At an age at which few are still running, checks poll once, and ever more rarely.
	for s.asked[len(s.asked)-1] < 5*time.Minute {
		s.next(t.Context(), t)
	}
	asked, wait := len(s.asked), s.job.WaitSeconds
	s.next(t.Context(), t)
	if len(s.asked) != asked+1 || wait < 15 || s.job.WaitSeconds < wait {
		t.Errorf("after five minutes a check asked %d times; it waited %d s, then %d s", len(s.asked)-asked, wait, s.job.WaitSeconds)
	}
}

func TestWithoutPollWindowsACheckAsksOnce(t *testing.T) {
	s := newWindowed(t, time.Hour)
	s.Schedule.PollWindow = 0
	for range 5 {
		s.next(t.Context(), t)
	}
	if len(s.asked) != 5 {
		t.Errorf("five checks asked %d times", len(s.asked))
	}
}

// A poll window leaves the function time for the last request and for recording its result.
func TestAPollWindowEndsBeforeItsFunction(t *testing.T) {
	s := newWindowed(t, time.Hour)
	// The check compares the context's deadline with its own clock, not with the real one.
	wait := time.Duration(s.job.WaitSeconds) * time.Second
	deadline := s.world.clock.Now().Add(wait + 30*time.Second)
	s.next(fixedDeadline{t.Context(), deadline}, t)
	last := s.job.SubmittedAt.Add(s.asked[len(s.asked)-1])
	if left := deadline.Sub(last); left < 15*time.Second || left > 30*time.Second || len(s.asked) < 2 {
		t.Errorf("%d requests, the last with %v left", len(s.asked), left)
	}
}

// fixedDeadline is a context with a deadline on another clock.
type fixedDeadline struct {
	context.Context
	at time.Time
}

func (f fixedDeadline) Deadline() (time.Time, bool) { return f.at, true }

func TestAPollWindowIsCutByItsContext(t *testing.T) {
	s := newWindowed(t, time.Hour)
	s.Sleep = func(context.Context, time.Duration) error { return context.Canceled }
	s.next(t.Context(), t)
	if len(s.asked) != 1 || s.job.Status != video.Generating || s.job.WaitSeconds < 1 {
		t.Errorf("%d requests; it is %s and waits %d s", len(s.asked), s.job.Status, s.job.WaitSeconds)
	}
}

func TestAFailedLookEndsAPollWindow(t *testing.T) {
	for name, c := range map[string]struct {
		fail error
		wait int
	}{
		"no answer":           {&provider.Unanswered{Err: errors.New("502")}, 3},
		"later, it says":      {&provider.Unanswered{Err: errors.New("503"), RetryAfter: 40 * time.Second}, 40},
		"asked too often":     {&provider.Refusal{Kind: provider.RefusedBusy}, 8},
		"too often, and when": {&provider.Refusal{Kind: provider.RefusedBusy, RetryAfter: 90 * time.Second}, 90},
	} {
		t.Run(name, func(t *testing.T) {
			s := newWindowed(t, time.Hour)
			s.fail = func(age time.Duration) error {
				if age > 65*time.Second {
					return c.fail
				}
				return nil
			}
			s.next(t.Context(), t)
			last := len(s.asked) - 1
			if s.asked[last] < 65*time.Second || s.asked[last-1] > 65*time.Second {
				t.Errorf("asked at %v", s.asked)
			}
			if s.job.Status != video.Generating || s.job.WaitSeconds < c.wait || s.job.WaitSeconds > c.wait+5 {
				t.Errorf("it is %s and waits %d s, want about %d", s.job.Status, s.job.WaitSeconds, c.wait)
			}
			// It was last seen running at the previous poll.
			if ran := s.job.RunningAt.Sub(s.job.SubmittedAt); ran != s.asked[last-1] {
				t.Errorf("it is said to have run at %v", ran)
			}
		})
	}
}

// A check that begins late was throttled, or is a retry. It doesn't hold a function for a poll
// window.
func TestALateCheckAsksOnce(t *testing.T) {
	for late, want := range map[time.Duration]bool{0: false, 9 * time.Second: false, 11 * time.Second: true, -30 * time.Second: false} {
		s := newWindowed(t, time.Hour)
		s.world.clock.pass(late)
		s.next(t.Context(), t)
		if once := len(s.asked) == 1; once != want {
			t.Errorf("%v late it asks %d times", late, len(s.asked))
		}
	}
	// A redriven job has no due time, so its check is never late.
	s := newWindowed(t, time.Hour)
	s.job.RunningAt = time.Time{}
	s.next(t.Context(), t)
	if len(s.asked) < 2 {
		t.Errorf("redriven it asks %d times", len(s.asked))
	}
}

func TestEachRequestHasItsOwnTime(t *testing.T) {
	s := newWindowed(t, 0)
	var left time.Duration
	s.Providers[0].Provider = retriever{s.world.provider, func(ctx context.Context) {
		deadline, _ := ctx.Deadline()
		left = time.Until(deadline)
	}}
	s.next(t.Context(), t)
	if left < 5*time.Second || left > 10*time.Second {
		t.Errorf("a request may take %v", left)
	}
}

// retriever is a provider whose generations are done. It passes the context of each request to
// called.
type retriever struct {
	*double
	called func(context.Context)
}

func (r retriever) Retrieve(ctx context.Context, _ video.Key, handle provider.Handle) (provider.Generation, error) {
	r.called(ctx)
	return provider.Generation{Handle: handle, State: provider.Finished, URL: "https://cdn.example/1.mp4"}, nil
}

func TestWhatIsLearnt(t *testing.T) {
	for name, c := range map[string]struct {
		done    time.Duration
		redrive bool
		after   bool
	}{
		"a video at the first look": {0, false, true},
		"one of a redriven job":     {0, true, false},
	} {
		s := newWindowed(t, c.done)
		submitted := s.job.RunningAt
		if c.redrive {
			s.job.RunningAt = time.Time{}
		}
		s.next(t.Context(), t)
		if len(s.known.learnt) != 1 || s.known.learnt[0].By != s.asked[0] {
			t.Fatalf("%s: learnt is %v", name, s.known.learnt)
		}
		want := time.Duration(0)
		if c.after {
			want = submitted.Sub(s.job.SubmittedAt)
		}
		if got := s.known.learnt[0].After; got != want {
			t.Errorf("%s: it is said to have run at %v, want %v", name, got, want)
		}
	}
}
