package pipeline_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/operator"
	"github.com/takeup/takeup/internal/pipeline/submit"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/report"
)

// A job that can't be claimed waits, is in the table meanwhile, and continues once the table is
// resumed.
func TestPaused(t *testing.T) {
	w := newWorld(answer{id: "gen-1"})
	w.jobs.paused = &operator.Paused{By: "arn:aws:iam::123456789012:user/ann", Since: w.clock.Now()}
	task, began := bare(), w.clock.Now()
	for age, want := range map[time.Duration]time.Duration{0: time.Minute, 40 * time.Minute: 2 * time.Minute, 48 * time.Hour: 10 * time.Minute} {
		w.jobs.paused.Since = w.clock.Now().Add(-age)
		job, err := w.Run(t.Context(), task)
		want += want / 8 // jitter
		if err != nil || job.Status != video.Waiting || time.Duration(job.WaitSeconds)*time.Second != (want+time.Second-1).Truncate(time.Second) {
			t.Errorf("paused for %s: got %+v, %v, want a wait of %s", age, job, err, want)
		}
		task = again(t, job)
	}
	entry := w.jobs.entry(t, "job-1")
	if kind, since := entry.Held(); kind != report.WaitResume || !since.Equal(began) {
		t.Errorf("it waits for %q since %s", kind, since)
	}
	if entry.Phase != "" || entry.Attempt != 0 || entry.RequestHash != created().RequestHash || !entry.Started || len(w.provider.posted) > 0 {
		t.Errorf("in the table is %+v, and posted %v", entry, w.provider.posted)
	}
	w.jobs.paused = nil
	if job, err := w.Run(t.Context(), task); err != nil || job.Status != video.Generating {
		t.Errorf("resumed: got %+v, %v", job, err)
	}
	if kind, _ := w.jobs.entry(t, "job-1").Held(); kind != "" {
		t.Errorf("resumed, it waits for %q", kind)
	}
	// A job that was submitted continues while the table is paused.
	w.jobs.paused = &operator.Paused{CopyOf: "another"}
	if job, err := w.Run(t.Context(), task); err != nil || job.Status != video.Generating || len(w.provider.posted) != 1 {
		t.Errorf("entered again: got %+v, %v", job, err)
	}
	w.jobs.fail = func(call string) error {
		if call == "create" {
			return errors.New("no")
		}
		return nil
	}
	if told := entry.Told(report.StepSubmit).Wait; told.Kind != report.WaitResume || told.Attempt != 0 || told.NextAt.IsZero() {
		t.Errorf("it told %+v", told)
	}
	other := bare()
	other.Execution = "job-2"
	if _, err := w.Run(t.Context(), other); err == nil {
		t.Error("a job that could not be written down waits")
	}
}

// A job that is redriven while the table is paused waits for the resume, and doesn't end as
// before. A lost submission that may be sent again is then sent once.
func TestRedrivenWhilePaused(t *testing.T) {
	for name, lost := range map[string]bool{"refused": false, "lost": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(answer{id: "gen-1"})
			w.ResubmitLost = lost
			entry := created()
			entry.Attempt, entry.Provider, entry.KeyVersion, entry.ClaimedAt, entry.ClaimedUntil = 1, "double", "v1", w.clock.Now(), w.clock.Now().Add(time.Minute)
			outcome := error(&video.OutOfCredits{})
			if entry.Phase = video.PhaseRefused; lost {
				entry.Phase, outcome = video.PhaseUnanswered, &video.SubmissionLost{}
				w.clock.pass(24 * time.Hour)
				entry.AbsentAt = w.clock.Now().Add(-time.Hour)
			}
			entry.End(outcome, w.clock.Now())
			if _, _, err := w.jobs.Create(t.Context(), entry); err != nil {
				t.Fatal(err)
			}
			w.jobs.paused = &operator.Paused{By: "ann", Since: w.clock.Now()}
			task := resume()
			for range 2 {
				job, err := w.Run(t.Context(), task)
				entry = w.jobs.entry(t, "job-1")
				if err != nil || job.Status != video.Waiting || entry.Outcome != nil || entry.Attempt != 1 || entry.Resubmitted || entry.Told(report.StepSubmit).Has(report.EventLost, 1) {
					t.Fatalf("paused: got %+v, %v, and in the table is %+v", job, err, entry)
				}
				task = again(t, job)
			}
			w.jobs.paused = nil
			job, err := w.Run(t.Context(), task)
			entry = w.jobs.entry(t, "job-1")
			if err != nil || job.Status != video.Generating || len(w.provider.posted) != 1 || entry.Resubmitted != lost || entry.Told(report.StepSubmit).Has(report.EventLost, 1) != lost {
				t.Errorf("resumed: got %+v, %v, and in the table is %+v", job, err, entry)
			}
		})
	}
}

// A job that is missing from a restored table waits until it is written back. Without a pause, a
// missing job is an error.
func TestMissingWhilePaused(t *testing.T) {
	w := newWorld(answer{id: "gen-1"})
	for _, task := range []submit.Task{anew(), resume()} {
		w.jobs.paused = &operator.Paused{CopyOf: "another"}
		if job, err := w.Run(t.Context(), task); err != nil || job.Status != video.Waiting || job.ID != "job-1" || job.WaitSeconds < 60 {
			t.Errorf("got %+v, %v", job, err)
		}
		w.jobs.paused = nil
		var invalid *video.InvalidRequest
		if job, err := w.Run(t.Context(), task); !errors.As(err, &invalid) {
			t.Errorf("not paused: got %+v, %v", job, err)
		}
	}
	w.jobs.paused = &operator.Paused{CopyOf: "another"}
	job, err := w.Run(t.Context(), anew())
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.jobs.Create(t.Context(), created()); err != nil {
		t.Fatal(err)
	}
	w.jobs.paused = nil
	if job, err := w.Run(t.Context(), again(t, job)); err != nil || job.Status != video.Generating {
		t.Errorf("written back and resumed: got %+v, %v", job, err)
	}
}

// pausing is a play in which the table is paused during one of a job's calls and resumed an hour
// later, or a cap is lowered for an hour so that the job doesn't fit.
type pausing struct {
	begun   start
	lowered bool
	plan    map[int]fault // its hold is where the table is paused
}

func (c pausing) String() string {
	return fmt.Sprintf("paused, by a cap %v, begun %v, job %v", c.lowered, c.begun, c.plan)
}

// decision returns a decision of the operator that prevents claims.
func (c pausing) decision() operator.Control {
	if !c.lowered {
		return operator.Control{Table: "jobs", PausedAt: time.Now(), PausedBy: "ann"}
	}
	least := operator.Caps{DayMicros: new(int64(1)), By: "ann", At: time.Now(), Until: time.Now().Add(time.Hour + time.Minute)}
	return operator.Control{Table: "jobs", Caps: &least}
}

func (c pausing) run(t *testing.T) (calls []string) {
	t.Helper()
	onePlay(t, func(t *testing.T) {
		s := newStage(c.begun)
		// The operator's own calls don't count among the job's.
		table := s.tableOf(&s.items)
		attempt := func() int {
			entry, _, _ := table.Get(t.Context(), "job-1") // without an entry there is no attempt
			return entry.Attempt
		}
		put := func(control operator.Control) {
			_, version, err := table.Control(t.Context())
			if err == nil {
				err = table.PutControl(t.Context(), control, version)
			}
			if err != nil {
				t.Errorf("%s: %v", c, err)
			}
		}
		var resumed sync.WaitGroup
		main := &moments{plan: c.plan}
		main.held = func() {
			put(c.decision())
			before := attempt()
			resumed.Go(func() {
				time.Sleep(time.Hour)
				if after := attempt(); after != before {
					t.Errorf("%s: attempt %d was claimed while it was paused; it was at %d", c, after, before)
				}
				put(operator.Control{Table: "jobs"})
			})
		}
		s.now = main
		outcome := s.machine(t.Context(), "job-1", json.RawMessage(`{"prompt":"`+prompt+`"}`))
		calls = main.trace
		resumed.Wait()
		s.keepsItsPromises(t, c.String(), outcome, mayLose(c.plan))
	})
	return calls
}

// TestPausedAtEveryPoint pauses the table, or lowers a cap, before and after each call of a job.
// It does that alone and, up to the submission, with each fault of the job's earlier calls. No
// claim is written until the table is resumed, a job that was claimed before continues, and
// every promise is kept.
func TestPausedAtEveryPoint(t *testing.T) {
	t.Parallel()
	plays := 0
	const turn = 8 // calls of two tries during the pause; the hour has many more tries
	var kinds []pausing
	for _, begun := range starts() {
		kinds = append(kinds, pausing{begun: begun}, pausing{begun: begun, lowered: true})
	}
	for _, kind := range kinds {
		play := func(plan map[int]fault) []string {
			plays++
			c := kind
			c.plan = plan
			return c.run(t)
		}
		calls := play(nil)
		submits := func(trace []string) []string { return trace[:max(0, slices.Index(trace, "retrieve"))] }
		for i := range calls {
			for _, h := range []fault{hold, holdAfter} {
				after := play(map[int]fault{i: h})
				if i >= len(submits(calls)) {
					continue
				}
				for j := range submits(after) {
					if j == i || j > i+turn {
						continue
					}
					for _, f := range faultsOf(after[j]) {
						play(map[int]fault{i: h, j: f})
					}
				}
			}
		}
	}
	t.Logf("%d plays of a job while the table is paused, or a cap is lowered", plays)
}
