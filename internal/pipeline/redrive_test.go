package pipeline_test

import (
	"testing"

	"github.com/takeup/takeup/internal/pipeline/submit"
	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/video"
)

// A job whose execution ended before it was claimed is started again under its own id.
func TestBegunAnew(t *testing.T) {
	w := newWorld(answer{id: "gen-1"})
	if _, _, err := w.jobs.Create(t.Context(), created().Next()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		job, err := w.Run(t.Context(), anew())
		if err != nil || job.ID != "job-1" || job.GenerationID != "gen-1" {
			t.Fatalf("got %+v, %v", job, err)
		}
	}
	if entry := w.jobs.entry(t, "job-1"); len(w.provider.posted) != 1 || entry.Execution != "job-1-r1" || !entry.Started {
		t.Errorf("posted %v, the table has %+v", w.provider.posted, entry)
	}
}

// A redrive that was started by hand becomes the one that the job names, unless it comes late.
func TestARedriveByHandIsNamed(t *testing.T) {
	w := newWorld(answer{err: &provider.Refusal{Kind: provider.RefusedFunds}}, answer{id: "gen-1"})
	if _, err := w.Run(t.Context(), bare()); video.OutcomeName(err) != "OutOfCredits" {
		t.Fatalf("got %v", err)
	}
	for _, name := range []string{"job-1-r3", "job-1-r2", "other-r4", "job-1"} {
		if _, err := w.Run(t.Context(), submit.Task{Execution: name, Input: resume().Input}); err != nil {
			t.Fatal(err)
		}
		if entry := w.jobs.entry(t, "job-1"); entry.Execution != "job-1-r3" || entry.Redrives != 3 || len(w.provider.posted) != 2 {
			t.Errorf("after %s: %+v", name, entry)
		}
	}
}

// If the start of the redrive is recorded at the same moment, the redrive continues all the
// same, whether with an attempt or by clearing an outcome.
func TestARedriveOutlivesTheMarkOfItsStart(t *testing.T) {
	for name, answers := range map[string][]answer{
		"refused":  {{err: &provider.Refusal{Kind: provider.RefusedFunds}}, {id: "gen-1"}},
		"accepted": {{id: "gen-1"}},
	} {
		w := newWorld(answers...)
		_, _ = w.Run(t.Context(), bare())
		entry := w.jobs.entry(t, "job-1")
		if name == "accepted" {
			entry.DiscardedAt, entry.Outcome = entry.SubmittedAt, video.NewOutcome(&video.Discarded{GenerationID: "gen-1"}, entry.SubmittedAt)
		}
		if _, _, err := w.jobs.Update(t.Context(), entry.Next(), "3"); err != nil {
			t.Fatal(err)
		}
		marked := false
		w.jobs.fail = func(call string) error {
			if call == "update" && !marked {
				marked = true
				w.jobs.version["job-1"]++
			}
			return nil
		}
		job, err := w.Run(t.Context(), resume())
		if err != nil || job.GenerationID != "gen-1" || !marked {
			t.Errorf("%s: got %+v, %v, marked %v", name, job, err, marked)
		}
		if entry := w.jobs.entry(t, "job-1"); entry.Outcome != nil || !entry.DiscardedAt.IsZero() || len(w.provider.posted) != len(answers) {
			t.Errorf("%s: %+v, posted %v", name, entry, w.provider.posted)
		}
	}
}
