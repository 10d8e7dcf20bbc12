package pipeline_test

import (
	"context"
	"errors"
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
