package jobs_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/takeup/takeup/internal/jobs/sweep"
	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/video"
)

// Unfinished returns the jobs without an outcome, sorted by id.
func (l ledger) Unfinished(context.Context) ([]table.Unfinished, error) {
	var all []table.Unfinished
	for id, entry := range l {
		if !entry.State().Ended() {
			all = append(all, table.Unfinished{ID: id, Place: id})
		}
	}
	slices.SortFunc(all, func(a, b table.Unfinished) int { return strings.Compare(a.ID, b.ID) })
	return all, nil
}

func (ledger) SweptTo(context.Context) (string, string, error)  { return "", "", nil }
func (ledger) PutSweptTo(context.Context, string, string) error { return nil }

func TestSettle(t *testing.T) {
	boat := request(t, "a boat")
	const input = `{"prompt":"a boat"}`
	entry := func(phase video.Phase) *video.Entry {
		return &video.Entry{ID: "a", Request: boat, RequestHash: boat.Hash(), CreatedAt: began, Execution: "a", Started: true, Phase: phase}
	}
	with := func(phase video.Phase, change func(*video.Entry)) *video.Entry {
		e := entry(phase)
		change(e)
		return e
	}
	aborted := broken(types.ExecutionStatusAborted, "", "")
	aborted.Input = aws.String(input)
	unread := broken(types.ExecutionStatusFailed, "InvalidRequest", "promt is none of its fields")
	unread.Input = aws.String(`{"promt":"x"}`)
	for _, test := range []struct {
		name      string
		entry     *video.Entry
		stored    bool
		execution *sfn.DescribeExecutionOutput
		outcome   string // recorded outcome, or "" if there is none
		says      string
	}{
		{name: "there is no such execution"},
		{name: "it runs", entry: entry(video.PhaseAccepted), execution: execution(types.ExecutionStatusRunning, input)},
		{name: "it was stopped after it was accepted", entry: entry(video.PhaseAccepted), execution: aborted, outcome: "Interrupted", says: "stopped by an operator); the video is paid"},
		{name: "it was stopped while it was posted", entry: entry(video.PhaseClaimed), execution: aborted, outcome: "Interrupted", says: "it may have been charged"},
		{name: "it was stopped while it was looked for", entry: entry(video.PhaseUnanswered), execution: aborted, outcome: "Interrupted", says: "it may have been charged"},
		{name: "it was stopped before it was claimed", entry: entry(""), execution: aborted, outcome: "Interrupted", says: "nothing was submitted"},
		{name: "it was stopped before the table had it", execution: aborted, outcome: "Interrupted", says: "nothing was submitted"},
		{name: "it had no request", execution: unread, outcome: "InvalidRequest", says: "promt is none"},
		{name: "a redrive died at once", entry: with(video.PhaseUnanswered, func(e *video.Entry) {
			e.End(&video.SubmissionLost{Reference: "a.1"}, ended)
			e.Execution, e.Redrives = "a", 1
		}), execution: aborted, outcome: "SubmissionLost", says: "a.1"},
		{name: "it was stopped after a redrive", entry: with(video.PhaseAccepted, func(e *video.Entry) { e.Redrives = 1 }), execution: aborted, outcome: "Interrupted", says: "is paid"},
		{name: "it took too long", entry: entry(video.PhaseRefused), execution: broken(types.ExecutionStatusTimedOut, "", ""), outcome: "Interrupted", says: "longer than the state machine allows"},
		{name: "its function failed", entry: entry(video.PhaseAccepted), execution: broken(types.ExecutionStatusFailed, "Lambda.Unknown", "exit 1"), outcome: "Interrupted", says: "Lambda.Unknown: exit 1"},
		{name: "a step gave up", entry: entry(video.PhaseAccepted), execution: broken(types.ExecutionStatusFailed, "VideoUnavailable", "no URL"), outcome: "VideoUnavailable", says: "no URL"},
		{name: "it ended by itself", entry: with(video.PhaseAccepted, func(e *video.Entry) { e.Outcome = video.NewOutcome(&video.GenerationFailed{}, began) }), execution: aborted},
		{name: "another execution has it", entry: with(video.PhaseAccepted, func(e *video.Entry) { e.Execution, e.Redrives = "a-r1", 1 }), execution: aborted},
		{name: "its video is stored, and not marked", entry: entry(video.PhaseAccepted), stored: true, execution: aborted, says: "stored"},
		{name: "its video was taken away before it was marked", entry: entry(video.PhaseAccepted), execution: execution(types.ExecutionStatusSucceeded, input), outcome: "VideoGone", says: "taken out of the bucket"},
		{name: "it is stored, and marked", entry: with(video.PhaseAccepted, func(e *video.Entry) { e.Manifest = &video.Manifest{} }), execution: execution(types.ExecutionStatusSucceeded, input)},
	} {
		t.Run(test.name, func(t *testing.T) {
			l, s, m := ledger{}, manifests{}, &machine{executions: map[string]*sfn.DescribeExecutionOutput{}}
			if test.entry != nil {
				l["a"] = *test.entry
			}
			if test.stored {
				s["a"] = video.Manifest{ID: "a", StoredAt: ended}
			}
			if test.execution != nil {
				m.executions["a"] = test.execution
			}
			settler := service(t, l, s, m)
			for turn := range 2 { // settling twice equals settling once
				settled, err := settler.Settle(t.Context(), "a")
				if err != nil || settled != (turn == 0 && test.says != "") {
					t.Fatalf("got %v, %v", settled, err)
				}
			}
			got := l["a"]
			switch {
			case test.says == "":
				if test.entry == nil && len(l) > 0 || test.entry != nil && got.Mark != "" {
					t.Errorf("it was changed: %+v", got)
				}
			case test.stored:
				if got.Manifest == nil || !got.Manifest.StoredAt.Equal(ended) || got.Outcome != nil {
					t.Errorf("got %+v", got)
				}
			case got.Outcome == nil || got.Outcome.Name != test.outcome || !strings.Contains(got.Outcome.Message, test.says) || !got.Outcome.At.Equal(ended):
				t.Errorf("got %+v", got.Outcome)
			case test.entry != nil && got.Phase != test.entry.Phase:
				t.Errorf("the claim is %s", got.Phase)
			}
			if view, err := settler.Status(t.Context(), "a"); test.outcome != "" && (err != nil || view.Outcome == nil || view.Outcome.Name != test.outcome || view.Redrivable == (test.outcome == "InvalidRequest")) {
				t.Errorf("it is shown as %+v, %v", view, err)
			}
		})
	}
}

// The same request restarts a job that was interrupted before anything was submitted. It doesn't
// restart one that was submitted.
func TestStartOfAnInterruptedJob(t *testing.T) {
	boat := request(t, "a boat")
	for phase, starts := range map[video.Phase]string{"": "a-r1", video.PhaseUnanswered: ""} {
		l := ledger{"a": {ID: "a", Request: boat, RequestHash: boat.Hash(), Execution: "a", Started: true, Phase: phase}}
		m := &machine{executions: map[string]*sfn.DescribeExecutionOutput{"a": broken(types.ExecutionStatusAborted, "", "")}}
		if _, err := service(t, l, manifests{}, m).Settle(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		receipt, err := service(t, l, manifests{}, m).Start(t.Context(), "a", boat, video.Origin{Trigger: video.TriggerAPI})
		if err != nil || receipt.Known != (starts == "") || strings.Join(m.started, " ") != starts {
			t.Errorf("%q: got %+v, %v, started %v", phase, receipt, err, m.started)
		}
		if starts != "" && (l["a"].Outcome != nil || *m.executions[starts].Input != `{"id":"a","status":"waiting"}`) {
			t.Errorf("%q: %+v, by %s", phase, l["a"].Outcome, *m.executions[starts].Input)
		}
	}
}

func TestSettleHandler(t *testing.T) {
	m := &machine{executions: map[string]*sfn.DescribeExecutionOutput{"a": broken(types.ExecutionStatusAborted, "", "")}}
	l := ledger{"a": {ID: "a", Request: request(t, "a boat"), Execution: "a", Started: true, Phase: video.PhaseAccepted}}
	var lines bytes.Buffer
	swept := 0
	handle := sweep.New(service(t, l, manifests{}, m), l, executions(t, m), now).
		Handler(slog.New(slog.NewJSONHandler(&lines, nil)), m, func(context.Context) error { return nil }, func(_ context.Context, s sweep.Swept) error { swept++; return nil })
	if err := handle(t.Context(), json.RawMessage(`"`+executionARN+`a"`)); err != nil || l["a"].Outcome == nil {
		t.Errorf("an event: %v, %+v", err, l["a"])
	}
	if err := handle(t.Context(), json.RawMessage(`{"sweep":true}`)); err != nil || swept != 1 {
		t.Errorf("a sweep: %v, measured %d times", err, swept)
	}
	var neither *sweep.NoOccasion
	for _, payload := range []string{`{}`, `""`, `[]`, `{"sweep":false}`, `7`} {
		if err := handle(t.Context(), json.RawMessage(payload)); !errors.As(err, &neither) {
			t.Errorf("%s: got %v", payload, err)
		}
	}
	if strings.Contains(lines.String(), "boat") || strings.Count(lines.String(), "\n") != 7 {
		t.Errorf("it logs %s", lines.String())
	}
}
