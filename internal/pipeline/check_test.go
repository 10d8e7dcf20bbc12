package pipeline_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/pipeline/check"
	"github.com/takeup/takeup/internal/pipeline/store"
	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/video"
)

func TestCheck(t *testing.T) {
	const url = "https://cdn.example/1.mp4"
	for _, test := range []struct {
		name       string
		elapsed    time.Duration
		generation provider.Generation
		err        error
		status     video.Status
		wait       int
		outcome    string
	}{
		{"early", 20 * time.Second, provider.Generation{State: provider.Running}, nil, video.Generating, 10, ""},
		{"running", 2 * time.Minute, provider.Generation{State: provider.Running}, nil, video.Generating, 10, ""},
		{"late", 80 * time.Minute, provider.Generation{State: provider.Running}, nil, video.Generating, 300, ""},
		{"overdue", 24 * time.Hour, provider.Generation{State: provider.Running, Word: "generating"}, nil, "", 0, "GenerationOverdue"},
		{"done", 2 * time.Minute, provider.Generation{State: provider.Finished, URL: url}, nil, video.Completed, 1, ""},
		{"done after the deadline", 30 * time.Hour, provider.Generation{State: provider.Finished, URL: url}, nil, video.Completed, 1, ""},
		{"done without a URL", 2 * time.Minute, provider.Generation{State: provider.Finished}, nil, video.Generating, 10, ""},
		{"long done without a URL", 31 * time.Minute, provider.Generation{State: provider.Finished}, nil, video.Completed, 1, ""},
		{"ended by the provider", 2 * time.Minute, provider.Generation{State: provider.Failed, Failure: "moderation: no"}, nil, "", 0, "GenerationFailed"},
		{"no answer", 2 * time.Minute, provider.Generation{}, &provider.Unanswered{Err: errors.New("502")}, video.Generating, 10, ""},
		{"not found yet", 2 * time.Minute, provider.Generation{}, &provider.Refusal{Kind: provider.RefusedUnknown}, video.Generating, 10, ""},
		{"asked too often", 2 * time.Minute, provider.Generation{}, &provider.Refusal{Kind: provider.RefusedBusy, RetryAfter: 90 * time.Second}, video.Generating, 90, ""},
		{"the key is refused", 2 * time.Minute, provider.Generation{}, &provider.Refusal{Kind: provider.RefusedKey}, video.Generating, 10, ""},
		{"no answer at the deadline", 25 * time.Hour, provider.Generation{}, &provider.Unanswered{Err: errors.New("502")}, "", 0, "GenerationOverdue"},
		{"refused in the prompt's words at the deadline", 25 * time.Hour, provider.Generation{}, &provider.Refusal{Kind: provider.RefusedUnknown, Said: "nothing is known of " + prompt}, "", 0, "GenerationOverdue"},
		{"no secret", 2 * time.Minute, provider.Generation{}, &video.ServiceUnavailable{Doing: "reading", Err: errors.New("500")}, "", 0, "ServiceUnavailable"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(answer{id: "gen-1"})
			submitted, err := w.Run(t.Context(), bare())
			if err != nil {
				t.Fatal(err)
			}
			w.provider.retrieve = func(id string) (provider.Generation, error) {
				test.generation.ID = id
				return test.generation, test.err
			}
			checking := &check.Step{Providers: w.providers(), Jobs: w.jobs, Schedule: plain(), Timings: taking(time.Hour), Now: w.clock.Now, Log: quiet()}
			w.clock.pass(test.elapsed)
			job, err := checking.Run(t.Context(), submitted)
			if test.outcome != "" {
				if video.OutcomeName(err) != test.outcome {
					t.Fatalf("got %v, want %s", err, test.outcome)
				}
				if strings.Contains(err.Error(), prompt) {
					t.Errorf("the outcome shows the prompt: %v", err)
				}
				if recorded := w.jobs.entry(t, "job-1").Outcome; test.outcome != "ServiceUnavailable" && (recorded == nil || recorded.Err().Error() != err.Error()) {
					t.Errorf("the table has %+v", recorded)
				}
				return
			}
			if err != nil || job.Status != test.status || job.WaitSeconds != test.wait || job.ID != "job-1" || job.GenerationID != "gen-1" || job.Polls != 1 ||
				job.CompletedAt.Equal(w.clock.Now()) != (job.Status == video.Completed) {
				t.Errorf("got %+v, %v", job, err)
			}
		})
	}
}

func TestCheckReadsAChangedKey(t *testing.T) {
	w := newWorld(answer{id: "gen-1"})
	submitted, err := w.Run(t.Context(), bare())
	if err != nil {
		t.Fatal(err)
	}
	w.keys.current = video.Key{Value: "key-two", Version: "v2"}
	w.provider.retrieve = func(id string) (provider.Generation, error) {
		if w.keys.cached.Version == "v1" {
			return provider.Generation{}, &provider.Refusal{Kind: provider.RefusedKey}
		}
		return provider.Generation{ID: id, State: provider.Finished, URL: "https://cdn.example/1.mp4"}, nil
	}
	checking := &check.Step{Providers: w.providers(), Jobs: w.jobs, Schedule: plain(), Timings: taking(time.Hour), Now: w.clock.Now, Log: quiet()}
	if job, err := checking.Run(t.Context(), submitted); err != nil || job.Status != video.Completed {
		t.Errorf("got %+v, %v", job, err)
	}
}

func TestAnOutcomeThatIsRecordedStays(t *testing.T) {
	w := newWorld(answer{id: "gen-1"})
	submitted, err := w.Run(t.Context(), bare())
	if err != nil {
		t.Fatal(err)
	}
	said := "first"
	w.provider.retrieve = func(id string) (provider.Generation, error) {
		return provider.Generation{ID: id, State: provider.Failed, Failure: said}, nil
	}
	checking := &check.Step{Providers: w.providers(), Jobs: w.jobs, Schedule: plain(), Timings: taking(time.Hour), Now: w.clock.Now, Log: quiet()}
	_, first := checking.Run(t.Context(), submitted)
	said = "second"
	_, second := checking.Run(t.Context(), submitted)
	if first == nil || second == nil || first.Error() != second.Error() || !strings.Contains(first.Error(), "first") {
		t.Errorf("it ended with %v and then with %v", first, second)
	}
}

// A poll of a generation that isn't the job's neither ends nor completes the job. An old
// execution or an invocation by hand may poll one.
func TestAnotherGenerationEndsNothing(t *testing.T) {
	w := newWorld(answer{id: "gen-1"})
	job, err := w.Run(t.Context(), bare())
	if err != nil {
		t.Fatal(err)
	}
	job.GenerationID = "another"
	for _, state := range []provider.State{provider.Failed, provider.Finished} {
		w.provider.retrieve = func(id string) (provider.Generation, error) {
			return provider.Generation{ID: id, State: state, URL: "https://cdn.example/1"}, nil
		}
		checking := &check.Step{Providers: w.providers(), Jobs: w.jobs, Schedule: plain(), Timings: taking(time.Hour), Now: w.clock.Now, Log: quiet()}
		if _, err := checking.Run(t.Context(), job); (err == nil) != (state == provider.Finished) {
			t.Errorf("Check gives %v", err)
		}
		files := &copier{}
		storing := &store.Step{Providers: w.providers(), Jobs: w.jobs, Copier: files, Manifests: w.manifests, Now: w.clock.Now}
		if _, err := storing.Run(t.Context(), job); video.OutcomeName(err) != "InvalidRequest" || !strings.Contains(err.Error(), "not the generation of job job-1") || len(files.copied) > 0 {
			t.Errorf("Store gives %v, and copied %v", err, files.copied)
		}
		if entry := w.jobs.entry(t, "job-1"); entry.Outcome != nil {
			t.Errorf("the job has ended with %+v", entry.Outcome)
		}
	}
}
