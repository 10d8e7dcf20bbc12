package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/takeup/takeup/internal/pipeline/check"
	"github.com/takeup/takeup/internal/pipeline/store"
	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/report"
)

// lines returns the progress that a step recorded, one line for what the job waits for and one
// for each event.
func (l *book) lines(t *testing.T, step report.Step, now time.Time) []string {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	p, ok := l.told["job-1"][step]
	if !ok {
		return nil
	}
	from := func(at time.Time) string {
		if at.IsZero() {
			return "?"
		}
		return at.Sub(now).String()
	}
	lines := []string{fmt.Sprintf("%s of %d, next in %s, until in %s: %s", p.Wait.Kind, p.Wait.Attempt, from(p.Wait.NextAt), from(p.Wait.Until), p.Wait.LastError)}
	for _, e := range p.Events {
		lines = append(lines, fmt.Sprintf("%s %d ×%d %s", e.Kind, e.Number, e.Times, e.Said))
	}
	return lines
}

// TestSubmitTells plays Submit with answers of all kinds, and checks the progress that it
// records.
func TestSubmitTells(t *testing.T) {
	refused := func(kind provider.RefusalKind, said string) answer {
		return answer{err: &provider.Refusal{Kind: kind, Said: said}}
	}
	lost := answer{err: &provider.Unanswered{Err: errors.New("504")}}
	for _, test := range []struct {
		name    string
		answers []answer
		enter   int // how often Submit is entered
		change  func(*world)
		want    []string
	}{
		{name: "accepted", answers: []answer{{id: "gen-1"}}, enter: 1},
		{
			name: "no room", answers: []answer{refused(provider.RefusedBusy, "429 for "+prompt)}, enter: 1,
			want: []string{"room of 1, next in 17s, until in 24h0m0s: 429 for [text of prompt]", "refused 1 ×0 429 for [text of prompt]"},
		},
		{
			name: "no room twice, and then accepted", answers: []answer{refused(provider.RefusedBusy, "429"), refused(provider.RefusedUnreachable, "no route"), {id: "gen-1"}}, enter: 3,
			want: []string{"room of 2, next in 0s, until in 23h59m9s: no route", "refused 2 ×2 no route"},
		},
		{
			name: "no credits", answers: []answer{refused(provider.RefusedFunds, "403")}, enter: 1,
			want: []string{" of 0, next in ?, until in ?: ", "refused 1 ×0 403"},
		},
		{
			name: "not answered", answers: []answer{lost}, enter: 1,
			want: []string{"answer of 1, next in 30s, until in 2h0m55s: ", "unanswered 1 ×0 "},
		},
		{
			name: "not answered, and not found", answers: []answer{lost}, enter: 3,
			change: func(w *world) { w.provider.found = provider.Found{Unread: "its logs: 503"} },
			want:   []string{"answer of 1, next in 30s, until in 1h59m55s: its logs: 503", "unanswered 1 ×0 ", "searched 1 ×2 its logs: 503"},
		},
		{
			name: "not answered, and found", answers: []answer{lost}, enter: 2,
			change: func(w *world) {
				w.provider.found = provider.Found{Generation: running("gen-1")}
			},
			want: []string{" of 0, next in ?, until in ?: ", "unanswered 1 ×0 ", "accepted 1 ×0 gen-1"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(test.answers...)
			if test.change != nil {
				test.change(w)
			}
			task := bare()
			for i := range test.enter {
				job, err := w.Run(t.Context(), task)
				if err != nil && video.OutcomeName(err) != "OutOfCredits" {
					t.Fatal(err)
				}
				if i < test.enter-1 {
					w.clock.pass(time.Duration(job.WaitSeconds) * time.Second)
				}
			}
			if got := w.jobs.lines(t, report.StepSubmit, w.clock.Now()); !slices.Equal(got, test.want) {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

// A redrive keeps what it would otherwise overwrite: the job's earlier outcome, and Check's
// number of polls.
func TestRedriveTells(t *testing.T) {
	w := newWorld(answer{err: &provider.Refusal{Kind: provider.RefusedFunds, Said: "403"}}, answer{id: "gen-1"})
	if _, err := w.Run(t.Context(), bare()); err == nil {
		t.Fatal("it has not ended")
	}
	entry, version, err := w.jobs.Get(t.Context(), "job-1")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.jobs.Update(t.Context(), entry.Next(), version); err != nil {
		t.Fatal(err)
	}
	polled := report.Event{At: w.clock.Now(), Kind: report.EventPolled, Times: 12}
	if err := w.jobs.PutProgress(t.Context(), "job-1", report.Progress{Step: report.StepCheck, Events: []report.Event{polled}}); err != nil {
		t.Fatal(err)
	}
	for range 2 { // like a task that was tried twice
		if _, err := w.Run(t.Context(), resume()); err != nil {
			t.Fatal(err)
		}
	}
	got := w.jobs.lines(t, report.StepSubmit, w.clock.Now())
	if len(got) != 5 || got[2] != "polled 0 ×12 " || !strings.HasPrefix(got[3], "ended 0 ×0 OutOfCredits: ") || got[4] != "continued 1 ×0 job-1-r1" {
		t.Errorf("got %q", got)
	}
}

// TestCheckTells checks the progress that Check records about its polls.
func TestCheckTells(t *testing.T) {
	running := provider.Generation{ID: "gen-1", State: provider.Running}
	finished := provider.Generation{ID: "gen-1", State: provider.Finished, URL: "https://cdn.example/1.mp4"}
	for _, test := range []struct {
		name       string
		generation provider.Generation
		err        error
		want       []string
	}{
		{"running", running, nil, []string{"generation of 0, next in 10s, until in 23h58m0s: ", "polled 0 ×5 "}},
		{"done", finished, nil, []string{"video of 0, next in ?, until in ?: ", "polled 0 ×5 ", "done 0 ×0 "}},
		{"failed", provider.Generation{ID: "gen-1", State: provider.Failed, Failure: "moderation"}, nil, []string{"generation of 0, next in 10s, until in 23h58m0s: ", "polled 0 ×5 "}},
		{
			"asked too often", running, &provider.Refusal{Kind: provider.RefusedBusy, Said: "429 for " + prompt},
			[]string{"generation of 0, next in 15s, until in 23h58m0s: the provider was asked too often", "polled 0 ×5 the provider was asked too often"},
		},
		{
			"no answer", running, &provider.Unanswered{Err: errors.New("502 for " + prompt)},
			[]string{"generation of 0, next in 10s, until in 23h58m0s: the provider gave no usable answer", "polled 0 ×5 the provider gave no usable answer"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(answer{id: "gen-1"})
			w.provider.retrieve = func(string) (provider.Generation, error) { return test.generation, test.err }
			checking := &check.Step{Providers: w.providers(), Jobs: w.jobs, Schedule: plain(), Timings: taking(time.Minute), Now: w.clock.Now, Log: quiet()}
			now := w.clock.Now()
			_, err := checking.Run(t.Context(), video.Job{ID: "job-1", GenerationID: "gen-1", Provider: "double", Handle: "gen-1", SubmittedAt: now.Add(-2 * time.Minute), Polls: 4, Status: video.Generating, WaitSeconds: 10})
			if err != nil && test.name != "failed" {
				t.Fatal(err)
			}
			if got := w.jobs.lines(t, report.StepCheck, now); !slices.Equal(got, test.want) {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

// TestStoreTells fails copies as often as the state machine tries them, and compares the
// recorded times of the next and the last try with those of the state machine's retrier.
func TestStoreTells(t *testing.T) {
	w := newWorld(answer{id: "gen-1"})
	if _, err := w.Run(t.Context(), bare()); err != nil {
		t.Fatal(err)
	}
	c := &copier{err: errors.New("reset by peer")}
	w.provider.retrieve = func(string) (provider.Generation, error) {
		return provider.Generation{ID: "gen-1", State: provider.Finished, URL: "https://cdn.example/1.mp4"}, nil
	}
	storing := &store.Step{Providers: w.providers(), Jobs: w.jobs, Copier: c, Manifests: w.manifests, Now: w.clock.Now}
	job := video.Job{ID: "job-1", GenerationID: "gen-1", Provider: "double", Handle: "gen-1", CompletedAt: w.clock.Now(), Status: video.Completed}
	first, again, longest, tries := copyRetrier(t)
	total := time.Duration(0)
	for n, wait := 0, first; n < tries; n, wait = n+1, min(time.Duration(float64(wait)*again), longest) {
		total += wait
	}
	wait := first
	for n := range tries + 1 {
		w.clock.pass(time.Second)
		if _, err := storing.Run(t.Context(), job); video.OutcomeName(err) != "VideoUnavailable" {
			t.Fatal(err)
		}
		want := fmt.Sprintf("video of 0, next in %v, until in %v: reset by peer", wait, total)
		if n == tries {
			want = "video of 0, next in ?, until in ?: reset by peer"
		}
		got := w.jobs.lines(t, report.StepStore, w.clock.Now())
		if got[0] != want || got[len(got)-1] != fmt.Sprintf("copy_failed %d ×0 reset by peer", n+1) {
			t.Errorf("copy %d: got %q, want %q", n+1, got, want)
		}
		total -= wait
		wait = min(time.Duration(float64(wait)*again), longest)
	}
	// A redrive counts its tries from zero, and continues the numbering of the copies.
	w.clock.pass(time.Minute)
	job.CompletedAt = w.clock.Now()
	w.clock.pass(time.Second)
	_, _ = storing.Run(t.Context(), job)
	got := w.jobs.lines(t, report.StepStore, w.clock.Now())
	if !strings.HasPrefix(got[0], "video of 0, next in 30s,") || got[len(got)-1] != fmt.Sprintf("copy_failed %d ×0 reset by peer", tries+2) {
		t.Errorf("got %q", got)
	}
	// The times of retries after an AWS failure are not known.
	c.err = &video.ServiceUnavailable{Doing: "copying", Err: errors.New("503")}
	_, _ = storing.Run(t.Context(), job)
	if got := w.jobs.lines(t, report.StepStore, w.clock.Now()); got[0] != "video of 0, next in ?, until in ?: 503" {
		t.Errorf("got %q", got)
	}
}

// copyRetrier reads how Step Functions retries a Store that returned a VideoUnavailable.
func copyRetrier(t *testing.T) (first time.Duration, again float64, longest time.Duration, tries int) {
	t.Helper()
	for _, r := range textToVideo().States["Store"].Retry {
		if slices.Equal(r.ErrorEquals, []string{"VideoUnavailable"}) && r.JitterStrategy == "NONE" {
			return time.Duration(r.IntervalSeconds) * time.Second, r.BackoffRate, time.Duration(r.MaxDelaySeconds) * time.Second, r.MaxAttempts
		}
	}
	t.Fatal("Store has no such retrier")
	return 0, 0, 0, 0
}

// Progress that can't be recorded neither fails a step nor delays it: not if the write fails,
// not if it isn't answered, and not if time is short.
func TestProgressFailsNothing(t *testing.T) {
	busy := answer{err: &provider.Refusal{Kind: provider.RefusedBusy, Said: "429"}}
	asked := 0
	for name, change := range map[string]func(*world, *context.Context){
		"it fails": func(w *world, _ *context.Context) {
			w.jobs.fail = func(call string) error {
				if call == "progress" {
					asked++
					return errors.New("throttled")
				}
				return nil
			}
		},
		"it isn't answered": func(w *world, _ *context.Context) {
			w.Jobs = stalling{w.jobs}
		},
		"no time is left": func(w *world, ctx *context.Context) {
			w.jobs.fail = func(call string) error {
				if call == "progress" {
					t.Error("it was written")
				}
				return nil
			}
			w.Times.Call, w.Times.Write = time.Millisecond, time.Millisecond
			short, cancel := context.WithDeadline(*ctx, w.clock.Now().Add(1500*time.Millisecond))
			defer cancel()
			*ctx = deadlined{*ctx, short}
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			w, ctx := newWorld(busy), t.Context()
			change(w, &ctx)
			if job, err := w.Run(ctx, bare()); err != nil || job.Status != video.Waiting || w.jobs.entry(t, "job-1").Phase != video.PhaseRefused {
				t.Errorf("%s: got %+v, %v", name, job, err)
			}
		})
	}
	if asked != 1 {
		t.Errorf("it was tried %d times", asked)
	}
}

// stalling answers no write of progress until its context ends.
type stalling struct{ *book }

func (s stalling) PutProgress(ctx context.Context, _ string, _ report.Progress) error {
	<-ctx.Done()
	return context.Cause(ctx)
}

// deadlined is a context with another deadline, on the test's clock.
type deadlined struct {
	context.Context
	of context.Context
}

func (d deadlined) Deadline() (time.Time, bool) { return d.of.Deadline() }
