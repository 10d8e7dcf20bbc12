package video_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/report"
)

// Forgetting a job clears all its texts, whatever its outcome, and keeps everything else.
func TestForget(t *testing.T) {
	const canary = "canary"
	request, err := catalogue.Parse(all.Models(), []byte(`{"model": "kling-video/v1/pro/text-to-video", "prompt": "canary one", "negative_prompt": "canary two",
		"external_task_id": "canary three", "metadata": {"project": "canary four"}, "duration": 10, "cfg_scale": 0.5, "aspect_ratio": "9:16", "camera_control": "down_back"}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, outcome := range []error{
		&video.InvalidRequest{Fields: []video.FieldError{{Field: "prompt", Message: canary}}},
		&video.Unauthorized{Said: canary}, &video.OutOfCredits{Said: canary}, &video.ProviderBusy{Said: canary},
		&video.SubmissionLost{Reference: "a.1", Unread: canary, Charges: []string{"charge-1"}},
		&video.GenerationFailed{GenerationID: "g", Said: canary}, &video.GenerationOverdue{GenerationID: "g", Said: canary},
		&video.VideoUnavailable{GenerationID: "g", Err: errors.New(canary)}, &video.VideoRejected{GenerationID: "g", Reason: canary},
		&video.Cancelled{}, &video.Discarded{GenerationID: "g", Micros: 7}, &video.Interrupted{Execution: "a", Said: canary, Paid: video.PaidYes},
		&video.ServiceUnavailable{Doing: canary, Err: errors.New(canary)},
	} {
		at := time.Date(2026, 8, 21, 12, 0, 0, 0, time.UTC)
		entry := video.Entry{
			ID: "a", Request: request, RequestHash: request.Hash(), GenerationID: "g", Redrives: 2,
			Refusal: &video.Refused{Kind: "busy", Said: canary}, Manifest: &video.Manifest{ID: "a", Request: request, ChargedMicros: 7},
			Progress: []report.Progress{{Step: report.StepSubmit, Wait: report.Wait{Kind: report.WaitRoom, LastError: canary}}},
		}
		for _, kind := range report.EventKinds() {
			said := canary
			switch kind {
			case report.EventAccepted, report.EventContinued:
				said = "an id"
			case report.EventEnded:
				said = "GenerationFailed: " + canary
			}
			entry.Progress[0].Events = append(entry.Progress[0].Events, report.Event{At: at, Kind: kind, Number: 3, Said: said})
		}
		told := entry.Progress[0].Events
		entry.End(outcome, at)
		whole := entry.Outcome.Err().Error()
		entry.Forget(at)
		entry.Forget(at.Add(time.Hour))
		text, err := json.Marshal(entry)
		if err != nil {
			t.Fatal(err)
		}
		name := video.OutcomeName(outcome)
		if strings.Contains(string(text), canary) {
			t.Errorf("%s: left %s", name, text)
		}
		if left := fmt.Sprint(entry.Progress); strings.Contains(left, canary) || strings.Count(left, "an id") != 2 || !strings.Contains(left, "GenerationFailed") ||
			len(entry.Progress[0].Events) != len(report.EventKinds()) || told[2].Said != canary {
			t.Errorf("%s: told %s", name, left)
		}
		again := entry.Outcome.Err()
		switch {
		case entry.Outcome.Name != name || !entry.Outcome.At.Equal(at) || entry.Outcome.Redrive != 2 || !entry.Over():
			t.Errorf("%s: it is %+v", name, entry.Outcome)
		case !strings.Contains(whole, canary) && again.Error() != whole:
			t.Errorf("%s: it said %s, and says %s", name, whole, again)
		case entry.RequestHash != request.Hash() || entry.Manifest.RequestHash != request.Hash() || !entry.ForgottenAt.Equal(at) || !entry.Manifest.ForgottenAt.Equal(at):
			t.Errorf("%s: it is %+v", name, entry)
		case entry.Manifest.ChargedMicros != 7 || entry.GenerationID != "g" || entry.Refusal.Kind != "busy":
			t.Errorf("%s: it is %+v", name, entry)
		}
	}
	const want = `{"aspect_ratio":"9:16","cfg_scale":0.5,"duration":10,"model":"kling-video/v1/pro/text-to-video"}`
	if got, _ := json.Marshal(request.Outline()); string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := request.Outline().Brief(); got.Prompt != "" || got.Duration != 10 || got.AspectRatio != "9:16" || got.Model == "" {
		t.Errorf("got %+v", got)
	}
}
