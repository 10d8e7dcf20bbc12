package view_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/jobs/view"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/report"
)

func historyOf(t *testing.T, e video.Entry) []string {
	t.Helper()
	e.ID, e.Execution, e.CreatedAt = "a", "a", began
	var told []string
	for _, h := range view.Of(e, ended).History {
		told = append(told, fmt.Sprintf("%v %s", h.At.Sub(began), h.Message))
	}
	return told
}

// TestHistory compares the history of a job that is made from its entry alone, and with the
// steps' reports.
func TestHistory(t *testing.T) {
	at := func(seconds int) time.Time { return began.Add(time.Duration(seconds) * time.Second) }
	event := func(seconds int, kind report.EventKind, number, times int, said string) report.Event {
		return report.Event{At: at(seconds), Kind: kind, Number: number, Times: times, Said: said}
	}
	stored := &video.Manifest{CompletedAt: at(90), StoredAt: at(95), Polls: 12}
	for _, test := range []struct {
		name  string
		entry video.Entry
		want  []string
	}{
		{"taken", video.Entry{Origin: video.Origin{Trigger: video.TriggerFile}}, []string{"0s taken from a prompt file"}},
		{
			"stored, untold", video.Entry{Phase: video.PhaseAccepted, Attempt: 1, ClaimedAt: at(1), SubmittedAt: at(1), GenerationID: "g", Manifest: stored, Origin: video.Origin{Trigger: video.TriggerAPI}},
			[]string{"0s taken by the API", "1s claimed for submission 1", "1s accepted as generation g", "1m30s polled 12 times", "1m30s done: the provider has the video", "1m35s stored in the bucket"},
		},
		{
			"no room, and no answer", video.Entry{
				Phase: video.PhaseAccepted, Attempt: 3, ClaimedAt: at(40), SubmittedAt: at(40), GenerationID: "g",
				Progress: []report.Progress{
					{Step: report.StepSubmit, Events: []report.Event{
						event(20, report.EventRefused, 2, 2, "429"), event(41, report.EventUnanswered, 3, 0, ""),
						event(60, report.EventSearched, 3, 3, "its logs: 503"), event(70, report.EventAccepted, 3, 0, "g"),
					}},
					{Step: report.StepCheck, Events: []report.Event{event(80, report.EventPolled, 0, 1, "the provider was asked too often")}},
				},
			},
			[]string{
				"0s taken", "20s not accepted 2 times, nothing was paid: 429", "40s claimed for submission 3", "41s submission 3 was not answered; it may have been charged",
				"1m0s looked for the submission in the provider's records 3 times, not found: its logs: 503", "1m10s accepted as generation g", "1m20s polled: the provider was asked too often",
			},
		},
		{
			"copied at last", video.Entry{
				Phase: video.PhaseAccepted, Attempt: 1, ClaimedAt: at(1), SubmittedAt: at(1), GenerationID: "g", Manifest: stored,
				Progress: []report.Progress{
					{Step: report.StepCheck, Events: []report.Event{event(90, report.EventPolled, 0, 12, ""), event(90, report.EventDone, 0, 0, "")}},
					{Step: report.StepStore, Events: []report.Event{event(91, report.EventCopyFailed, 1, 0, "503"), event(93, report.EventCopyFailed, 2, 0, "reset")}},
				},
			},
			[]string{
				"0s taken", "1s claimed for submission 1", "1s accepted as generation g", "1m30s polled 12 times", "1m30s done: the provider has the video",
				"1m31s copy attempt 1 failed: 503", "1m33s copy attempt 2 failed: reset", "1m35s stored in the bucket",
			},
		},
		{
			"given up, ended and redriven", video.Entry{
				Phase: video.PhaseUnanswered, Attempt: 1, ClaimedAt: at(1), DiscardedAt: at(2), Redrives: 1,
				Outcome: &video.Outcome{Name: "SubmissionLost", Message: "lost", At: at(50), Redrive: 1},
				Progress: []report.Progress{{Step: report.StepSubmit, Events: []report.Event{
					event(30, report.EventEnded, 0, 0, "SubmissionLost: lost"), event(40, report.EventContinued, 1, 0, "a-r1"), event(45, report.EventLost, 1, 0, ""),
				}}},
			},
			[]string{
				"0s taken", "1s claimed for submission 1", "2s its video was given up", "30s ended with SubmissionLost: lost", "40s taken up again by execution a-r1",
				"45s submission 1 was given up as lost, and is sent again as the settings have it", "50s ended with SubmissionLost: lost",
			},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := historyOf(t, test.entry); !slices.Equal(got, test.want) {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

// A long history has its beginning and its end.
func TestHistoryIsBounded(t *testing.T) {
	var e video.Entry
	for _, step := range report.Steps() {
		p := report.Progress{Step: step}
		for i := range 30 {
			p.Events = append(p.Events, report.Event{At: began.Add(time.Duration(i+1) * time.Hour), Kind: report.EventKind(fmt.Sprint(step, i))})
		}
		e.Progress = append(e.Progress, p)
	}
	got := historyOf(t, e)
	if len(got) != view.MaxHistory || got[0] != "0s taken" || got[len(got)-1] != "30h0m0s webhook29" {
		t.Errorf("got %d: %q", len(got), got)
	}
}
