package pipeline_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/video"
)

// A job that a redrive submits may be older than every deadline. The deadlines of its submission
// count from its claim.
func TestASubmissionOfARedriveIsLookedUpForItsWholeTime(t *testing.T) {
	w := newWorld(answer{err: &provider.Refusal{Kind: provider.RefusedFunds}}, answer{err: &provider.Unanswered{Err: errors.New("reset")}})
	if _, err := w.Run(t.Context(), bare()); video.OutcomeName(err) != "OutOfCredits" {
		t.Fatalf("got %v", err)
	}
	w.clock.pass(48 * time.Hour)
	job, err := w.Run(t.Context(), resume())
	began := w.clock.Now()
	for err == nil && job.Status == video.Waiting {
		w.clock.pass(time.Duration(job.WaitSeconds) * time.Second)
		job, err = w.Run(t.Context(), again(t, job))
	}
	if took := w.clock.Now().Sub(began); video.OutcomeName(err) != "SubmissionLost" || took < 2*time.Hour {
		t.Errorf("got %v after %v, before the longest generation was over", err, took)
	}
}

// A redrive searches for as long again, since the records may not be readable at its first
// search either.
func TestARedriveLooksForALostSubmissionAnew(t *testing.T) {
	w := newWorld(answer{err: &provider.Unanswered{Err: errors.New("reset")}})
	w.provider.found = provider.Found{Unread: "its logs: 503"}
	job, err := w.Run(t.Context(), bare())
	ended := func() time.Duration {
		began := w.clock.Now()
		for err == nil && job.Status == video.Waiting {
			w.clock.pass(time.Duration(job.WaitSeconds) * time.Second)
			job, err = w.Run(t.Context(), again(t, job))
		}
		return w.clock.Now().Sub(began)
	}
	if first := ended(); video.OutcomeName(err) != "SubmissionLost" || first < 2*time.Hour {
		t.Fatalf("got %v after %v", err, first)
	}
	w.clock.pass(48 * time.Hour)
	if job, err = w.Run(t.Context(), resume()); err != nil || job.Status != video.Waiting {
		t.Fatalf("redriven: %+v, %v", job, err)
	}
	if entry := w.jobs.entry(t, "job-1"); entry.Outcome != nil || !entry.SearchedSince.Equal(w.clock.Now()) {
		t.Errorf("it looks since %v, and ended with %v", entry.SearchedSince, entry.Outcome)
	}
	if again := ended(); video.OutcomeName(err) != "SubmissionLost" || again < 2*time.Hour {
		t.Fatalf("redriven: got %v after %v", err, again)
	}
	w.clock.pass(time.Hour)
	if job, err = w.Run(t.Context(), resume()); err != nil || job.Status != video.Waiting {
		t.Fatalf("redriven again: %+v, %v", job, err)
	}
	w.provider.found = provider.Found{Generation: running("gen-1")}
	w.clock.pass(time.Duration(job.WaitSeconds) * time.Second)
	if job, err = w.Run(t.Context(), again(t, job)); err != nil || job.GenerationID != "gen-1" || !slices.Equal(w.provider.posted, []string{"job-1.1"}) {
		t.Errorf("got %+v, %v, and posted %v", job, err, w.provider.posted)
	}
}

// An unanswered attempt holds its slot until most videos of its model are done, and then frees
// it by itself. It doesn't matter whether its answer or its claim's owner was lost. So no other
// attempt runs beside it, and none waits for as long as the search goes on. An attempt that is
// found in time keeps its slot until it is stored; one found later has none.
func TestAnUnansweredAttemptHoldsItsSlotForTheUsualTime(t *testing.T) {
	for name, died := range map[string]bool{"unanswered": false, "died": true} {
		for found, after := range map[string]time.Duration{"never": 1000 * time.Hour, "in time": time.Minute, "late": time.Hour} {
			t.Run(name+" "+found, func(t *testing.T) {
				w := newWorld(answer{err: &provider.Unanswered{Err: errors.New("reset")}})
				w.Timings = taking(80 * time.Second)
				if died {
					w.jobs.fail = func(call string) error {
						if call == "update" && len(w.provider.posted) > 0 {
							return &video.ServiceUnavailable{Err: errors.New("down")}
						}
						return nil
					}
				}
				job, err := w.Run(t.Context(), bare())
				w.jobs.fail = func(string) error { return nil }
				if died {
					job, err = video.Job{ID: "job-1", Status: video.Waiting, WaitSeconds: 1}, nil
				}
				began := w.clock.Now()
				usual := w.Timings.Forecast(t.Context(), catalogue.Default(all.Models()), 5).Most()
				until := w.jobs.entry(t, "job-1").ClaimedUntil.Add(usual)
				if usual < time.Minute || usual > 5*time.Minute {
					t.Fatalf("most are done after %s", usual)
				}
				for err == nil && job.Status == video.Waiting {
					entry := w.jobs.entry(t, "job-1")
					m := entry.Money[0]
					if now := w.clock.Now(); m.Slot != (now.Before(until)) || entry.Phase != video.PhaseClaimed && m.State != budget.Uncertain {
						t.Fatalf("%s after the claim, with the slot until %s after it: %+v", now.Sub(began), until.Sub(began), m)
					}
					w.clock.pass(time.Duration(job.WaitSeconds) * time.Second)
					if w.clock.Now().Sub(began) >= after {
						w.provider.found = provider.Found{Generation: running("gen-1")}
					}
					job, err = w.Run(t.Context(), again(t, job))
				}
				m := w.jobs.entry(t, "job-1").Money[0]
				switch {
				case found == "never" && (video.OutcomeName(err) != "SubmissionLost" || m.State != budget.Uncertain || m.Slot),
					found == "in time" && (err != nil || m.State != budget.Reserved || !m.Slot),
					found == "late" && (err != nil || m.State != budget.Reserved || m.Slot):
					t.Errorf("%v, %+v", err, m)
				}
			})
		}
	}
}

// Pages of records may lack a row while others are added. A submission that one complete reading
// lacks, and the next one has, is found.
func TestASubmissionThatOneReadingLacksIsFound(t *testing.T) {
	for name, stopped := range map[string]time.Duration{"in time": 0, "after the longest generation": 3 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(answer{err: &provider.Unanswered{Err: errors.New("reset")}})
			w.ResubmitLost = true
			job, err := w.Run(t.Context(), bare())
			w.clock.pass(stopped)
			for err == nil && job.Status == video.Waiting {
				w.clock.pass(time.Duration(job.WaitSeconds) * time.Second)
				job, err = w.Run(t.Context(), again(t, job))
				if !w.jobs.entry(t, "job-1").AbsentAt.IsZero() {
					w.provider.found = provider.Found{Generation: running("gen-1")}
				}
			}
			if err != nil || job.GenerationID != "gen-1" || !slices.Equal(w.provider.posted, []string{"job-1.1"}) {
				t.Errorf("got %+v, %v, and posted %v", job, err, w.provider.posted)
			}
		})
	}
}
