package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/takeup/takeup/internal/api/tokens"
	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/script"
	"github.com/takeup/takeup/internal/video"
)

// order starts a job by the API whose id is known beforehand, so that prepare can set its
// faults.
func (w *world) order(t *testing.T, name string, prepare func(job string)) (job, prompt string) {
	t.Helper()
	prompt = w.prompt("the prompt of the job called " + name)
	prepare(jobs.IDFromKey("api", tokens.Default, name))
	return w.post(t, fmt.Sprintf(`{"prompt":%q}`, prompt), "Idempotency-Key: "+name), prompt
}

// endedWith fails the test unless the state machine and the API both report a job's outcome, and
// it was not charged.
func (w *world) endedWith(t *testing.T, job, outcome string, says ...string) {
	t.Helper()
	w.failed(t, job, outcome)
	got := w.end(t, job)
	if got.Status != video.StateFailed || got.Video != nil || got.Error == nil || got.Error.Name != outcome {
		t.Fatalf("the API returned %+v, %+v", got, got.Error)
	}
	for _, words := range says {
		if !strings.Contains(got.Error.Message, words) {
			t.Errorf("it lacks %q: %s", words, got.Error.Message)
		}
	}
	if keys := w.objects(t, job); len(keys) > 0 {
		t.Errorf("there are %v", keys)
	}
}

// notCharged fails the test if the provider charged for a job.
func (w *world) notCharged(t *testing.T, job string) {
	t.Helper()
	for _, g := range w.generations(job) {
		if g.ChargedCredits > 0 {
			t.Errorf("job %s was charged: %+v", job, g)
		}
	}
}

func (w *world) testModeration(t *testing.T) {
	job, prompt := w.order(t, "moderation", func(job string) {
		w.doom(job, script.Fate{Outcome: script.OutcomeError, ErrorName: "Moderation Error",
			ErrorMessage: "refused: the prompt of the job called moderation"})
	})
	w.endedWith(t, job, "GenerationFailed", "Moderation Error", "refused")
	w.notCharged(t, job)
	if said := w.end(t, job).Error.Message; strings.Contains(said, prompt) {
		t.Errorf("the outcome repeats the prompt: %s", said)
	}
	w.discreet(t, job, prompt)
}

// testCredits ends jobs for lack of credits and resumes them once there are some. The redrive
// submits, since nothing was submitted before.
func (w *world) testCredits(t *testing.T) {
	for name, fault := range map[string]script.Fault{
		"credits":     {Status: http.StatusForbidden},
		"credits-402": {Status: http.StatusPaymentRequired},
	} {
		job, _ := w.order(t, name, func(job string) { w.fail(job, once(script.KindCreate, fault)) })
		w.endedWith(t, job, "OutOfCredits", "top it up")
		if n := len(w.generations(job)); n > 0 {
			t.Fatalf("%s: %d generations", name, n)
		}
		w.startByHand(t, job+"-r1", fmt.Sprintf(`{"id":%q,"resume":true}`, job))
		if got := w.succeeded(t, job+"-r1"); got.ID != job || got.Status != video.Stored {
			t.Errorf("%s: the redrive ends with %+v", name, got)
		}
		w.stored(t, job)
		if n := len(w.creates(job)); n != 2 {
			t.Errorf("%s: the provider was asked %d times", name, n)
		}
	}
}

func (w *world) testBusy(t *testing.T) {
	job, _ := w.order(t, "busy", func(job string) {
		w.fail(job, once(script.KindCreate, script.Fault{Status: http.StatusTooManyRequests, RetryAfter: "1"}))
	})
	w.stored(t, job)
	var statuses []int
	for _, c := range w.creates(job) {
		statuses = append(statuses, c.Status)
	}
	if !slices.Equal(statuses, []int{429, 201}) {
		t.Errorf("the provider answered %v", statuses)
	}
}

// testLostAnswer loses the answer to an accepted submission. The generation is found in the
// provider's logs and not submitted again.
func (w *world) testLostAnswer(t *testing.T) {
	job, _ := w.order(t, "lost", func(job string) {
		w.fail(job, once(script.KindCreate, script.Fault{Reset: true, After: true}))
	})
	w.stored(t, job)
	if n := len(w.creates(job)); n != 1 {
		t.Errorf("it was sent %d times", n)
	}
	if entry := w.entry(t, job); entry.Attempt != 1 || entry.GenerationID != w.generations(job)[0].ID {
		t.Errorf("the table has %+v", entry)
	}
}

// testVideoLate has the CDN answer 404 until the second request: Store retries by itself.
func (w *world) testVideoLate(t *testing.T) {
	job, prompt := w.order(t, "late", func(job string) {
		w.fail(job, once(script.KindDownload, script.Fault{Status: http.StatusNotFound}))
	})
	w.stored(t, job)
	if tried := w.tried(t, job); len(tried) > 0 {
		t.Errorf("the machine tried again after %v", tried)
	}
	w.discreet(t, job, prompt)
}

// testBrokenOff has a large video on a slow CDN, so that its parts are fetched concurrently. The
// CDN first refuses every range request but the first part's, so that the upload is aborted and
// the state machine retries. Then a request breaks off, which Store recovers.
func (w *world) testBrokenOff(t *testing.T) {
	const size = 18 << 20
	resize := func(size, pace int64) {
		settings := w.provider.Settings()
		settings.VideoBytes, settings.VideoBytesPerSecond, settings.BalanceUSD = size, pace, nil
		if err := w.provider.Change(settings); err != nil {
			t.Fatal(err)
		}
	}
	resize(size, 6<<20)
	defer resize(0, 0)
	job, _ := w.order(t, "broken-off", func(job string) {
		w.fail(job, func(call script.Call) script.Fault {
			switch {
			case call.Kind != script.KindDownload:
			case call.Repeat == 2, call.Repeat == 3, call.Repeat == 4, call.Repeat == 5, call.Repeat == 6:
				return script.Fault{Status: http.StatusBadRequest}
			case call.Repeat == 8:
				return script.Fault{CutAfter: 1 << 20}
			}
			return script.Fault{}
		})
	})
	await(t, "the submission", func() bool { return len(w.generations(job)) > 0 })
	resize(0, 6<<20)
	w.stored(t, job)
	if got := w.generations(job)[0]; got.VideoBytes != size || got.Downloaded < 5 {
		t.Errorf("the generation is %+v", got)
	}
	if tried := w.tried(t, job); !slices.Equal(tried, []string{"VideoUnavailable"}) {
		t.Errorf("the machine tried again after %v", tried)
	}
	bucket := w.stack.Outputs["VideosBucket"]
	open, err := w.s3.ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: &bucket})
	if err != nil {
		t.Fatal(err)
	}
	for _, upload := range open.Uploads {
		if strings.Contains(*upload.Key, job) {
			t.Errorf("an upload of %s is open", *upload.Key)
		}
	}
}

// tried returns the errors with which an execution's functions ended.
func (w *world) tried(t *testing.T, name string) []string {
	t.Helper()
	var errors []string
	for _, event := range w.history(t, name) {
		switch {
		case event.LambdaFunctionFailedEventDetails != nil:
			errors = append(errors, value(event.LambdaFunctionFailedEventDetails.Error))
		case event.TaskFailedEventDetails != nil:
			errors = append(errors, value(event.TaskFailedEventDetails.Error))
		}
	}
	return errors
}

func (w *world) testNoVideo(t *testing.T) {
	job, _ := w.order(t, "no-video", func(job string) {
		w.fail(job, func(call script.Call) script.Fault {
			if call.Kind != script.KindDownload {
				return script.Fault{}
			}
			return script.Fault{Body: "this is a page, and no video"}
		})
	})
	w.endedWith(t, job, "VideoRejected", "not an mp4")
	if id := w.generations(job)[0].ID; !strings.Contains(w.end(t, job).Error.Message, id) {
		t.Errorf("the outcome doesn't name generation %s", id)
	}
}

// testKeyExchange revokes the key that every function has cached.
func (w *world) testKeyExchange(t *testing.T) {
	const newKey = "key-of-the-end-to-end-tests-0002"
	w.private = append(w.private, newKey)
	settings := w.provider.Settings()
	settings.Keys, settings.BalanceUSD = []string{newKey}, nil
	if err := w.provider.Change(settings); err != nil {
		t.Fatal(err)
	}
	refused, _ := w.order(t, "old-key", func(string) {})
	w.endedWith(t, refused, "Unauthorized", "ProviderKey")
	if n := len(w.generations(refused)); n > 0 {
		t.Fatalf("%d generations", n)
	}

	w.putKey(t, newKey)
	job, _ := w.order(t, "new-key", func(string) {})
	w.stored(t, job)
	w.startByHand(t, refused+"-r1", fmt.Sprintf(`{"id":%q,"resume":true}`, refused))
	w.succeeded(t, refused+"-r1")
	w.stored(t, refused)

	// The old key is not revoked while somebody reads its records.
	settings.Keys = []string{newKey, providerKey}
	if err := w.provider.Change(settings); err != nil {
		t.Fatal(err)
	}
}
