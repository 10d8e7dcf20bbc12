package pipeline_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/video"
)

// onlyRecords is a provider that takes a key for its logs and for nothing else.
type onlyRecords struct {
	*provider
	retired string
}

func (p onlyRecords) Retrieve(ctx context.Context, key video.Key, route video.Route, id, model string) (video.Generation, error) {
	if key.Value == p.retired {
		return video.Generation{}, &video.Refusal{Kind: video.RefusedKey}
	}
	return p.provider.Retrieve(ctx, key, route, id, model)
}

func TestAnUnansweredSubmissionIsConfirmedWithTheKeyThatIsTaken(t *testing.T) {
	w := newWorld(answer{err: &video.Unanswered{Err: errors.New("reset")}})
	job, err := w.Run(t.Context(), bare())
	if err != nil || job.Status != video.Waiting {
		t.Fatalf("got %+v, %v", job, err)
	}
	w.keys.current = video.Key{Value: "key-two", Version: "v2"}
	w.Provider = onlyRecords{provider: w.provider, retired: "key-one"}
	w.provider.rows = []video.LoggedRequest{{InferenceID: "gen-1", ClientRequestID: "job-1.1"}}
	w.provider.retrieve = func(id string) (video.Generation, error) {
		return video.Generation{ID: id, State: video.Running}, nil
	}
	w.clock.pass(time.Minute)
	if job, err = w.Run(t.Context(), again(t, job)); err != nil || job.GenerationID != "gen-1" {
		t.Errorf("got %+v, %v", job, err)
	}
}

// A job that a redrive submits is older than every deadline: those of its
// submission count from its claim.
func TestASubmissionOfARedriveIsLookedUpForItsWholeTime(t *testing.T) {
	w := newWorld(answer{err: &video.Refusal{Kind: video.RefusedCredits}}, answer{err: &video.Unanswered{Err: errors.New("reset")}})
	if _, err := w.Run(t.Context(), bare()); video.EndingName(err) != "OutOfCredits" {
		t.Fatalf("got %v", err)
	}
	w.clock.pass(48 * time.Hour)
	job, err := w.Run(t.Context(), resume())
	began := w.clock.Now()
	for err == nil && job.Status == video.Waiting {
		w.clock.pass(time.Duration(job.WaitSeconds) * time.Second)
		job, err = w.Run(t.Context(), again(t, job))
	}
	if took := w.clock.Now().Sub(began); video.EndingName(err) != "SubmissionLost" || took < 2*time.Hour {
		t.Errorf("got %v after %v, before the longest generation was over", err, took)
	}
}

// A redrive looks for as long again, since the records may not be readable at the
// moment of its first look either.
func TestARedriveLooksForALostSubmissionAnew(t *testing.T) {
	w := newWorld(answer{err: &video.Unanswered{Err: errors.New("reset")}})
	w.provider.logsErr = &video.Unanswered{Err: errors.New("503")}
	job, err := w.Run(t.Context(), bare())
	ended := func() time.Duration {
		began := w.clock.Now()
		for err == nil && job.Status == video.Waiting {
			w.clock.pass(time.Duration(job.WaitSeconds) * time.Second)
			job, err = w.Run(t.Context(), again(t, job))
		}
		return w.clock.Now().Sub(began)
	}
	if first := ended(); video.EndingName(err) != "SubmissionLost" || first < 2*time.Hour {
		t.Fatalf("got %v after %v", err, first)
	}
	w.clock.pass(48 * time.Hour)
	if job, err = w.Run(t.Context(), resume()); err != nil || job.Status != video.Waiting {
		t.Fatalf("redriven: %+v, %v", job, err)
	}
	if entry := w.jobs.entry(t, "job-1"); entry.Ending != nil || !entry.SearchedSince.Equal(w.clock.Now()) {
		t.Errorf("it looks since %v, and ended with %v", entry.SearchedSince, entry.Ending)
	}
	if again := ended(); video.EndingName(err) != "SubmissionLost" || again < 2*time.Hour {
		t.Fatalf("redriven: got %v after %v", err, again)
	}
	w.clock.pass(time.Hour)
	if job, err = w.Run(t.Context(), resume()); err != nil || job.Status != video.Waiting {
		t.Fatalf("redriven again: %+v, %v", job, err)
	}
	w.provider.logsErr = nil
	w.provider.rows = []video.LoggedRequest{{InferenceID: "gen-1", ClientRequestID: "job-1.1"}}
	w.provider.retrieve = func(id string) (video.Generation, error) {
		return video.Generation{ID: id, State: video.Running}, nil
	}
	w.clock.pass(time.Duration(job.WaitSeconds) * time.Second)
	if job, err = w.Run(t.Context(), again(t, job)); err != nil || job.GenerationID != "gen-1" || !slices.Equal(w.provider.posted, []string{"job-1.1"}) {
		t.Errorf("got %+v, %v, and posted %v", job, err, w.provider.posted)
	}
}
