package view_test

import (
	"strings"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/jobs/view"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/report"
)

// TestWaiting shows what a job waits for in each kind of wait, with and without the steps'
// reports.
func TestWaiting(t *testing.T) {
	boat := request(t, "a boat")
	now := began.Add(10 * time.Minute)
	until := now.Add(100 * time.Minute)
	next := now.Add(time.Minute)
	clock := func(at time.Time) string { return at.UTC().Format("15:04 UTC") }
	accepted := func(e *video.Entry) {
		e.Phase, e.Attempt, e.GenerationID, e.ClaimedAt, e.SubmittedAt = video.PhaseAccepted, 1, "g", began, began
	}
	refused := func(e *video.Entry) {
		e.Phase, e.Attempt, e.BusySince, e.RetryAt, e.Refusal = video.PhaseRefused, 2, began, next, &video.Refused{Kind: "busy", Said: "429"}
	}
	unanswered := func(e *video.Entry) { e.Phase, e.Attempt, e.ClaimedAt = video.PhaseUnanswered, 1, began }
	told := func(step report.Step, w report.Wait, events ...report.Event) report.Progress {
		return report.Progress{Step: step, Wait: w, Events: events}
	}
	done := report.Event{At: began.Add(time.Minute), Kind: report.EventDone}
	for _, test := range []struct {
		name     string
		change   func(*video.Entry)
		told     []report.Progress
		want     view.Waiting // without the message
		message  string
		estimate bool
	}{
		{
			name: "start", change: func(*video.Entry) {},
			want:    view.Waiting{For: report.WaitStart, Since: began, Paid: video.PaidNo},
			message: "Its execution is about to take it up. Nothing was paid.", estimate: true,
		},
		{
			name: "redriven", change: func(e *video.Entry) { unanswered(e); e.End(&video.SubmissionLost{}, began); *e = e.Next() },
			want:    view.Waiting{For: report.WaitStart, Since: began, Paid: video.PaidPerhaps},
			message: "It may have been charged.", estimate: true,
		},
		{
			name: "submission", change: func(e *video.Entry) {
				e.Phase, e.Attempt, e.ClaimedAt, e.ClaimedUntil = video.PhaseClaimed, 1, began, now.Add(time.Second)
			},
			want:    view.Waiting{For: report.WaitSubmission, Since: began, Paid: video.PaidPerhaps},
			message: "It is being submitted to the provider at this moment. It may have been charged.", estimate: true,
		},
		{
			name: "resume", change: func(*video.Entry) {},
			told:    []report.Progress{told(report.StepSubmit, report.Wait{Kind: report.WaitResume, At: now, NextAt: next})},
			want:    view.Waiting{For: report.WaitResume, Since: began, NextAt: next, Paid: video.PaidNo},
			message: "The stack is paused, and nothing is submitted until it is resumed; the next try is at " + clock(next) + ". Nothing was paid.",
		},
		{
			name: "resume, untold", change: func(e *video.Entry) { e.PausedSince = now },
			want: view.Waiting{For: report.WaitResume, Since: now, Paid: video.PaidNo},
		},
		{
			name: "resume, after a refusal", change: refused,
			told: []report.Progress{told(report.StepSubmit, report.Wait{Kind: report.WaitResume, At: now, Attempt: 2, NextAt: until})},
			want: view.Waiting{For: report.WaitResume, Since: began, NextAt: until, Paid: video.PaidNo},
		},
		{
			name: "resume, told of before the claim", change: accepted,
			told:     []report.Progress{told(report.StepSubmit, report.Wait{Kind: report.WaitResume, At: now, Attempt: 1, NextAt: next})},
			want:     view.Waiting{For: report.WaitGeneration, Since: began, Paid: video.PaidYes},
			estimate: true,
		},
		{
			name: "cap", change: func(e *video.Entry) { e.FullSince = began },
			told:    []report.Progress{told(report.StepSubmit, report.Wait{Kind: report.WaitCap, At: now, NextAt: next, Until: until, LastError: "full"})},
			want:    view.Waiting{For: report.WaitCap, Since: began, NextAt: next, Until: until, LastError: "full", Paid: video.PaidNo},
			message: "The stack's own cap leaves no room for it; the next try is at " + clock(next) + ", and the last by " + clock(until) + ". Nothing was paid.",
		},
		{
			name: "cap, untold", change: func(e *video.Entry) { refused(e); e.FullSince = now },
			want: view.Waiting{For: report.WaitCap, Since: now, Paid: video.PaidNo},
		},
		{
			name: "room, untold", change: refused,
			want:    view.Waiting{For: report.WaitRoom, Since: began, NextAt: next, LastError: "429", Paid: video.PaidNo},
			message: "The provider has no room, or can't be reached; the next try is at " + clock(next) + ". Nothing was paid.",
		},
		{
			name: "room", change: refused,
			told:    []report.Progress{told(report.StepSubmit, report.Wait{Kind: report.WaitRoom, At: now, Attempt: 2, NextAt: next, Until: until, LastError: "full"})},
			want:    view.Waiting{For: report.WaitRoom, Since: began, NextAt: next, Until: until, LastError: "full", Paid: video.PaidNo},
			message: "the next try is at " + clock(next) + ", and the last by " + clock(until) + ". Nothing was paid.",
		},
		{
			name: "room, told of an earlier attempt", change: refused,
			told: []report.Progress{told(report.StepSubmit, report.Wait{Kind: report.WaitRoom, At: now, Attempt: 1, NextAt: until, Until: until, LastError: "full"})},
			want: view.Waiting{For: report.WaitRoom, Since: began, NextAt: next, LastError: "429", Paid: video.PaidNo},
		},
		{
			name: "answer", change: unanswered,
			told:    []report.Progress{told(report.StepSubmit, report.Wait{Kind: report.WaitAnswer, At: now, Attempt: 1, NextAt: next, Until: until})},
			want:    view.Waiting{For: report.WaitAnswer, Since: began, NextAt: next, Until: until, Paid: video.PaidPerhaps},
			message: "The provider did not answer; looking for the submission in its records until " + clock(until) + ". It may have been charged.",
		},
		{
			name: "answer, for the invocation died", change: func(e *video.Entry) {
				e.Phase, e.Attempt, e.ClaimedAt, e.ClaimedUntil = video.PhaseClaimed, 1, began, now
			},
			want:    view.Waiting{For: report.WaitAnswer, Since: began, Paid: video.PaidPerhaps},
			message: "looking for the submission in its records. It may have been charged.",
		},
		{
			name: "generation, untold", change: accepted,
			told:    []report.Progress{told(report.StepSubmit, report.Wait{Kind: report.WaitRoom, At: now, Attempt: 1, NextAt: next})},
			want:    view.Waiting{For: report.WaitGeneration, Since: began, Paid: video.PaidYes},
			message: "The provider is generating the video. It is paid.", estimate: true,
		},
		{
			name: "generation", change: accepted,
			told:     []report.Progress{told(report.StepCheck, report.Wait{Kind: report.WaitGeneration, At: now, NextAt: next, Until: until, LastError: "no answer"})},
			want:     view.Waiting{For: report.WaitGeneration, Since: began, NextAt: next, Until: until, LastError: "no answer", Paid: video.PaidYes},
			estimate: true,
		},
		{
			name: "generation of a video that was given up", change: func(e *video.Entry) { accepted(e); e.DiscardedAt = now },
			want:    view.Waiting{For: report.WaitGeneration, Since: began, Paid: video.PaidYes},
			message: "Its video was given up, and will not be stored. It is paid.", estimate: true,
		},
		{
			name: "video", change: accepted,
			told:    []report.Progress{told(report.StepCheck, report.Wait{Kind: report.WaitVideo, At: done.At}, done)},
			want:    view.Waiting{For: report.WaitVideo, Since: done.At, Paid: video.PaidYes},
			message: "The provider has made the video, which is being copied into the bucket. It is paid.",
		},
		{
			name: "video, not copied yet", change: accepted,
			told: []report.Progress{
				told(report.StepCheck, report.Wait{Kind: report.WaitVideo, At: done.At}, done),
				told(report.StepStore, report.Wait{Kind: report.WaitVideo, At: now, NextAt: next, Until: until, LastError: "503"}),
			},
			want:    view.Waiting{For: report.WaitVideo, Since: done.At, NextAt: next, Until: until, LastError: "503", Paid: video.PaidYes},
			message: "could not be copied into the bucket yet; the next try is at " + clock(next),
		},
		{
			name: "generation, looked at again by a redrive", change: accepted,
			told: []report.Progress{
				told(report.StepSubmit, report.Wait{}, report.Event{At: now, Kind: report.EventContinued, Number: 1}),
				told(report.StepCheck, report.Wait{Kind: report.WaitVideo, At: done.At}, done),
			},
			want: view.Waiting{For: report.WaitGeneration, Since: began, Paid: video.PaidYes}, estimate: true,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := video.Entry{ID: "a", Request: boat, RequestHash: boat.Hash(), CreatedAt: began, Execution: "a", Started: true}
			test.change(&e)
			e.Progress = test.told
			shown := view.Of(e, now)
			if shown.Waiting == nil {
				t.Fatalf("got %+v", shown)
			}
			got := *shown.Waiting
			if !strings.Contains(got.Message, test.message) || strings.HasSuffix(got.Message, " ") {
				t.Errorf("it says %q, want %q", got.Message, test.message)
			}
			if got.Message = ""; got != test.want {
				t.Errorf("got  %+v\nwant %+v", got, test.want)
			}
			if shown.Waiting.Estimable() != test.estimate {
				t.Errorf("an estimate is shown: %v", !test.estimate)
			}
		})
	}
}

// A job that has ended waits for nothing, whatever the steps reported.
func TestEndedWaitsForNothing(t *testing.T) {
	e := video.Entry{ID: "a", CreatedAt: began, Phase: video.PhaseAccepted, Execution: "a", Manifest: &video.Manifest{StoredAt: ended}}
	e.Progress = []report.Progress{{Step: report.StepCheck, Wait: report.Wait{Kind: report.WaitGeneration, At: ended, NextAt: ended}}}
	if got := view.Of(e, ended).Waiting; got != nil || got.Estimable() {
		t.Errorf("got %+v", got)
	}
}

// A time of day that would be ambiguous has its day.
func TestWaitingUntilAnotherDay(t *testing.T) {
	e := video.Entry{ID: "a", CreatedAt: began, Phase: video.PhaseUnanswered, Attempt: 1, ClaimedAt: began, Execution: "a"}
	until := time.Date(2026, 12, 24, 15, 40, 0, 0, time.UTC)
	e.Progress = []report.Progress{{Step: report.StepSubmit, Wait: report.Wait{Kind: report.WaitAnswer, Attempt: 1, Until: until}}}
	if got := view.Of(e, until.Add(-24*time.Hour)).Waiting; !strings.Contains(got.Message, "until 15:40 UTC on 24 December.") {
		t.Errorf("got %+v", got)
	}
}
