package pipeline_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/pipeline/store"
	"github.com/takeup/takeup/internal/pipeline/submit"
	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/video"
)

func TestSubmitRecordsWhatWasAccepted(t *testing.T) {
	ctx := t.Context()
	w := newWorld(answer{id: "gen-1"})
	job, err := w.Run(ctx, bare())
	if err != nil {
		t.Fatal(err)
	}
	want := video.Job{
		ID: "job-1", CreatedAt: w.clock.Now(), GenerationID: "gen-1", Provider: "double", Handle: "gen-1", Model: catalogue.Default(all.Models()), Duration: 5,
		SubmittedAt: w.clock.Now(), RunningAt: w.clock.Now(), Status: video.Generating, WaitSeconds: 60,
	}
	if job != want {
		t.Errorf("got %+v\nwant %+v", job, want)
	}
	entry := w.jobs.entry(t, "job-1")
	if entry.Phase != video.PhaseAccepted || entry.GenerationID != "gen-1" || entry.Handle != "gen-1" || entry.Provider != "double" || entry.KeyVersion != "v1" || entry.Attempt != 1 || entry.Request.Prompt() != prompt {
		t.Errorf("the table has %+v", entry)
	}
	if !slices.Equal(w.provider.posted, []string{"job-1.1"}) {
		t.Errorf("posted %v", w.provider.posted)
	}
}

func TestSubmitTwiceIsOneSubmission(t *testing.T) {
	ctx := t.Context()
	w := newWorld(answer{id: "gen-1"})
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			if _, err := w.Run(ctx, bare()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if len(w.provider.posted) != 1 {
		t.Errorf("posted %v", w.provider.posted)
	}
}

func TestSubmitRefusesBeforeAnythingIsPaid(t *testing.T) {
	ctx := t.Context()
	for _, test := range []struct {
		name string
		task submit.Task
		says string
	}{
		{"no object", submit.Task{Execution: "job-1", Input: json.RawMessage(`[]`)}, "JSON object"},
		{"no input", submit.Task{Execution: "job-1"}, "JSON object"},
		{"an empty prompt", submit.Task{Execution: "job-1", Input: json.RawMessage(`{"prompt":""}`)}, "prompt is empty"},
		{"a wrong duration", submit.Task{Execution: "job-1", Input: json.RawMessage(`{"prompt":"x","duration":7}`)}, "duration is 7"},
		{"an id beside a prompt", submit.Task{Execution: "job-1", Input: json.RawMessage(`{"prompt":"x","id":"job-2"}`)}, "id is not a field"},
		{"an id that is no text", submit.Task{Execution: "job-1", Input: json.RawMessage(`{"id":7}`)}, "id is not a field"},
		{"an execution's name that is no id", submit.Task{Execution: "jöb", Input: bare().Input}, "a job's id is"},
		{"a resumed id that is no id", submit.Task{Execution: "job-1", Input: json.RawMessage(`{"id":"../x","resume":true}`)}, "a job's id is"},
		{"a job begun anew with no id", submit.Task{Execution: "job-1", Input: json.RawMessage(`{"status":"waiting"}`)}, "a job's id is"},
		{"a job begun anew that is not there", anew(), "there is no job job-1"},
		{"a resumed job that is not there", resume(), "there is no job job-1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(answer{id: "gen-1"})
			_, err := w.Run(ctx, test.task)
			var invalid *video.InvalidRequest
			if !errors.As(err, &invalid) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, want InvalidRequest with %q", err, test.says)
			}
			// An input that was a request is recorded with its outcome, and listed.
			if request := !strings.Contains(test.says, "job"); request != (len(w.jobs.entries) == 1) || len(w.provider.posted) > 0 {
				t.Errorf("posted %v, the table has %v", w.provider.posted, w.jobs.entries)
			} else if request {
				kept := w.jobs.entry(t, "job-1")
				if !kept.Over() || kept.Outcome.Name != "InvalidRequest" || kept.Origin.Trigger != video.TriggerExecution || kept.RequestHash != "" {
					t.Errorf("kept as %+v", kept)
				}
			}
			_, again := w.Run(ctx, test.task) // Lambda may invoke it twice
			if again == nil || again.Error() != err.Error() {
				t.Errorf("again: %v", again)
			}
		})
	}
}

func TestAnotherRequestUnderTheSameIDIsRefused(t *testing.T) {
	ctx := t.Context()
	w := newWorld(answer{id: "gen-1"})
	if _, err := w.Run(ctx, bare()); err != nil {
		t.Fatal(err)
	}
	other := submit.Task{Execution: "job-1", Input: json.RawMessage(`{"prompt":"another thing"}`)}
	if _, err := w.Run(ctx, other); video.OutcomeName(err) != "InvalidRequest" {
		t.Errorf("got %v", err)
	}
}

func TestRefusals(t *testing.T) {
	ctx := t.Context()
	for _, test := range []struct {
		kind    provider.RefusalKind
		outcome string // empty if it waits
	}{
		{provider.RefusedBusy, ""},
		{provider.RefusedUnreachable, ""},
		{provider.RefusedInvalid, "InvalidRequest"},
		{provider.RefusedUnknown, "InvalidRequest"},
		{provider.RefusedKey, "Unauthorized"},
		{provider.RefusedFunds, "OutOfCredits"},
	} {
		t.Run(string(test.kind), func(t *testing.T) {
			w := newWorld(answer{err: &provider.Refusal{Kind: test.kind, Said: "you sent " + prompt}}, answer{id: "gen-2"})
			job, err := w.Run(ctx, bare())
			if test.outcome == "" {
				if err != nil || job.Status != video.Waiting || job.WaitSeconds != 17 { // 15 s and half of a quarter of that as jitter
					t.Fatalf("got %+v, %v", job, err)
				}
				w.clock.pass(time.Duration(job.WaitSeconds) * time.Second)
				job, err = w.Run(ctx, again(t, job))
				if err != nil || job.GenerationID != "gen-2" || w.jobs.entry(t, "job-1").Attempt != 2 {
					t.Errorf("after the wait: %+v, %v", job, err)
				}
				return
			}
			if video.OutcomeName(err) != test.outcome || strings.Contains(err.Error(), prompt) {
				t.Fatalf("got %v, want %s without the prompt", err, test.outcome)
			}
			_, repeated := w.Run(ctx, bare())
			if fmt.Sprint(repeated) != fmt.Sprint(err) || video.OutcomeName(repeated) != test.outcome {
				t.Errorf("entered again it ended with\n%v\nand first with\n%v", repeated, err)
			}
			if len(w.provider.posted) != 1 {
				t.Errorf("posted %v", w.provider.posted)
			}
			job, err = w.Run(ctx, resume())
			if mendable := test.outcome != "InvalidRequest"; mendable != (err == nil && job.GenerationID == "gen-2") {
				t.Errorf("a redrive gave %+v, %v", job, err)
			}
		})
	}
}

func TestRetryAfterIsHeeded(t *testing.T) {
	ctx := t.Context()
	w := newWorld(answer{err: &provider.Refusal{Kind: provider.RefusedBusy, RetryAfter: 10 * time.Minute}})
	job, err := w.Run(ctx, bare())
	if err != nil || job.WaitSeconds < 600 {
		t.Fatalf("got %+v, %v", job, err)
	}
	w.clock.pass(time.Minute)
	if job, err = w.Run(ctx, again(t, job)); err != nil || len(w.provider.posted) != 1 || job.WaitSeconds < 540 {
		t.Errorf("entered early: %+v, %v, posted %v", job, err, w.provider.posted)
	}
}

func TestNoRoomForADayEndsAndARedriveWaitsForAnotherDay(t *testing.T) {
	ctx := t.Context()
	w := newWorld(answer{err: &provider.Refusal{Kind: provider.RefusedBusy, Said: "Too Many Requests"}})
	job, err := w.Run(ctx, bare())
	for day := range 2 {
		began := w.clock.Now()
		for err == nil {
			w.clock.pass(time.Duration(job.WaitSeconds) * time.Second)
			job, err = w.Run(ctx, again(t, job))
		}
		if waited := w.clock.Now().Sub(began); video.OutcomeName(err) != "ProviderBusy" || waited < 24*time.Hour || waited > 25*time.Hour {
			t.Fatalf("day %d: after %v it got %v", day, waited, err)
		}
		job, err = w.Run(ctx, resume())
	}
	w.provider.answers = []answer{{id: "gen-9"}}
	if job, err = w.Run(ctx, resume()); err != nil || job.GenerationID != "gen-9" {
		t.Errorf("a redrive gave %+v, %v", job, err)
	}
}

func TestAChangedKeyIsReadAgain(t *testing.T) {
	ctx := t.Context()
	w := newWorld(answer{err: &provider.Refusal{Kind: provider.RefusedKey}}, answer{id: "gen-1"})
	w.keys.current = video.Key{Value: "key-two", Version: "v2"}
	job, err := w.Run(ctx, bare())
	if err != nil || job.GenerationID != "gen-1" {
		t.Fatalf("got %+v, %v", job, err)
	}
	if entry := w.jobs.entry(t, "job-1"); entry.KeyVersion != "v2" || entry.Attempt != 2 {
		t.Errorf("the table has key version %s, attempt %d", entry.KeyVersion, entry.Attempt)
	}
}

func TestUnansweredIsLookedUpAndNeverPostedAgain(t *testing.T) {
	ctx := t.Context()
	lost := answer{err: &provider.Unanswered{Err: errors.New("reset"), Candidate: "perhaps"}}
	for _, test := range []struct {
		name    string
		found   provider.Found
		outcome string // empty if it is found
		says    string
	}{
		{"found", provider.Found{Generation: running("gen-1")}, "", ""},
		{"nothing of it anywhere", provider.Found{Complete: true}, "SubmissionLost", "most likely not charged"},
		{"an unexplained charge", provider.Found{Complete: true, Unexplained: []string{"gen-7"}}, "SubmissionLost", "these unexplained charges: gen-7;"},
		{"records that can't be read", provider.Found{Unread: "its logs of " + prompt + ": 503"}, "SubmissionLost", "could not be read (its logs of [text of prompt]: 503)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(lost)
			w.provider.found = test.found
			began := w.clock.Now()
			job, err := w.Run(ctx, bare())
			for err == nil && job.Status == video.Waiting {
				w.clock.pass(time.Duration(job.WaitSeconds) * time.Second)
				job, err = w.Run(ctx, again(t, job))
			}
			if len(w.provider.posted) != 1 {
				t.Errorf("posted %v", w.provider.posted)
			}
			for _, looked := range w.provider.lost {
				if looked.Reference != "job-1.1" || looked.KeyVersion != "v1" || looked.Candidate != "perhaps" || looked.Request.Prompt() != prompt ||
					!looked.From.Equal(began) || looked.Until.Sub(began) != 55*time.Second || looked.ChargedBy.Sub(looked.Until) != 2*time.Hour {
					t.Errorf("looked for %+v", looked)
				}
			}
			if test.outcome == "" {
				entry := w.jobs.entry(t, "job-1")
				if err != nil || job.GenerationID != "gen-1" || job.Handle != "gen-1" || entry.Phase != video.PhaseAccepted || entry.Candidate != "" {
					t.Errorf("got %+v, %v", job, err)
				}
				return
			}
			if video.OutcomeName(err) != test.outcome || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, want %s with %q", err, test.outcome, test.says)
			}
			if took := w.clock.Now().Sub(began); took < 2*time.Hour {
				t.Errorf("called lost after %v, before the longest generation was over", took)
			}
			// If it appears after all, a redrive finds it.
			w.provider.found = provider.Found{Generation: running("gen-1")}
			if job, err = w.Run(ctx, resume()); err != nil || job.GenerationID != "gen-1" {
				t.Errorf("a redrive gave %+v, %v", job, err)
			}
		})
	}
}

// An adapter that repeats a call may be refused only the second time. That says nothing about
// the first call.
func TestUnansweredAndThenRefusedIsUnanswered(t *testing.T) {
	for _, kind := range []provider.RefusalKind{provider.RefusedBusy, provider.RefusedInvalid, provider.RefusedKey, provider.RefusedFunds, provider.RefusedUnreachable} {
		w := newWorld(answer{err: &provider.Unanswered{Err: &provider.Refusal{Kind: kind}}})
		job, err := w.Run(t.Context(), bare())
		if entry := w.jobs.entry(t, "job-1"); err != nil || job.Status != video.Waiting || entry.Phase != video.PhaseUnanswered {
			t.Errorf("%s: got %+v, %v; the table has Phase:%s", kind, job, err, entry.Phase)
		}
	}
}

func TestALostSubmissionIsSentAgainOnceByChoice(t *testing.T) {
	ctx := t.Context()
	w := newWorld(answer{err: &provider.Unanswered{Err: errors.New("reset")}})
	w.ResubmitLost = true
	job, err := w.Run(ctx, bare())
	for err == nil {
		w.clock.pass(time.Duration(job.WaitSeconds) * time.Second)
		job, err = w.Run(ctx, again(t, job))
	}
	if video.OutcomeName(err) != "SubmissionLost" || !slices.Equal(w.provider.posted, []string{"job-1.1", "job-1.2"}) {
		t.Errorf("got %v, posted %v", err, w.provider.posted)
	}
}

func TestAClaimWhoseOwnerDiedIsWaitedForAndLookedUp(t *testing.T) {
	ctx := t.Context()
	w := newWorld(answer{id: "gen-1"})
	// The first owner posts, and dies before it can record that.
	updates := 0
	w.jobs.fail = func(call string) error {
		if call == "update" {
			updates++
			return &video.ServiceUnavailable{Doing: "writing a job", Err: errors.New("503")}
		}
		return nil
	}
	if _, err := w.Run(ctx, bare()); video.OutcomeName(err) != "ServiceUnavailable" || !strings.Contains(fmt.Sprint(err), "the step can be entered again") {
		t.Fatalf("got %v", err)
	}
	w.jobs.fail = func(string) error { return nil }
	job, err := w.Run(ctx, bare())
	if err != nil || job.Status != video.Waiting || job.WaitSeconds != 55 || len(w.provider.lost) != 0 {
		t.Fatalf("while the claim holds: %+v, %v, %d looks", job, err, len(w.provider.lost))
	}
	w.provider.found = provider.Found{Generation: running("gen-1")}
	w.clock.pass(time.Minute)
	job, err = w.Run(ctx, again(t, job))
	if err != nil || job.GenerationID != "gen-1" || len(w.provider.posted) != 1 {
		t.Errorf("after it: %+v, %v, posted %v", job, err, w.provider.posted)
	}
}

func TestNothingIsPostedWithoutTimeForTheRecord(t *testing.T) {
	ctx := t.Context()
	w := newWorld(answer{id: "gen-1"})
	short, cancel := context.WithDeadline(ctx, w.clock.Now().Add(54*time.Second))
	defer cancel()
	if _, err := w.Run(short, bare()); video.OutcomeName(err) != "ServiceUnavailable" || len(w.provider.posted) > 0 {
		t.Errorf("got %v, posted %v", err, w.provider.posted)
	}
}

// A job whose video was stored continues with Store, which checks that it still is and records
// it again.
func TestAStoredJobIsLookedForWhereItIs(t *testing.T) {
	ctx := t.Context()
	for name, task := range map[string]submit.Task{"entered again": bare(), "redriven": resume()} {
		w := newWorld(answer{id: "gen-1"})
		if _, err := w.Run(ctx, bare()); err != nil {
			t.Fatal(err)
		}
		entry, version, err := w.jobs.Get(ctx, "job-1")
		if err != nil {
			t.Fatal(err)
		}
		entry.Manifest = &video.Manifest{StoredAt: w.clock.Now()}
		if _, _, err := w.jobs.Update(ctx, entry, version); err != nil {
			t.Fatal(err)
		}
		job, err := w.Run(ctx, task)
		if err != nil || job.Status != video.Completed || job.GenerationID != "gen-1" || w.jobs.entry(t, "job-1").Manifest != nil {
			t.Errorf("%s: got %+v, %v", name, job, err)
		}
		w.manifests["job-1"] = video.Manifest{ID: "job-1"}
		storing := &store.Step{Providers: w.providers(), Jobs: w.jobs, Copier: &copier{}, Manifests: w.manifests, Now: w.clock.Now}
		if job, err = storing.Run(ctx, job); err != nil || job.Status != video.Stored || w.jobs.entry(t, "job-1").Manifest == nil {
			t.Errorf("%s: Store gives %+v, %v", name, job, err)
		}
	}
}

func TestARedriveOfAnOverdueJobLooksAgain(t *testing.T) {
	ctx := t.Context()
	w := newWorld(answer{id: "gen-1"})
	if _, err := w.Run(ctx, bare()); err != nil {
		t.Fatal(err)
	}
	entry, version, err := w.jobs.Get(ctx, "job-1")
	if err != nil {
		t.Fatal(err)
	}
	entry.Outcome = video.NewOutcome(&video.GenerationOverdue{GenerationID: "gen-1"}, w.clock.Now())
	if _, _, err := w.jobs.Update(ctx, entry, version); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Run(ctx, bare()); video.OutcomeName(err) != "GenerationOverdue" {
		t.Errorf("without a redrive: %v", err)
	}
	job, err := w.Run(ctx, resume())
	if err != nil || job.Status != video.Generating || job.WaitSeconds != 1 || w.jobs.entry(t, "job-1").Outcome != nil {
		t.Errorf("a redrive gave %+v, %v", job, err)
	}
}
