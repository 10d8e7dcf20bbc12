package jobs_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/takeup/takeup/internal/jobs/arn"
	"github.com/takeup/takeup/internal/jobs/runs"
	"github.com/takeup/takeup/internal/video"
)

// annals are executions with their histories, listed one per page.
type annals struct {
	machine
	names     []string
	histories map[string][]string // outputs of the states, in order
	listErr   error
}

func (a *annals) ListExecutions(_ context.Context, in *sfn.ListExecutionsInput, _ ...func(*sfn.Options)) (*sfn.ListExecutionsOutput, error) {
	at := 0
	for i, name := range a.names {
		if aws.ToString(in.NextToken) == name {
			at = i
		}
	}
	e := a.executions[a.names[at]]
	out := &sfn.ListExecutionsOutput{Executions: []types.ExecutionListItem{{Name: &a.names[at], Status: e.Status, StopDate: e.StopDate}}}
	if at+1 < len(a.names) {
		out.NextToken = &a.names[at+1]
	}
	return out, a.listErr
}

func (a *annals) GetExecutionHistory(_ context.Context, in *sfn.GetExecutionHistoryInput, _ ...func(*sfn.Options)) (*sfn.GetExecutionHistoryOutput, error) {
	if !in.ReverseOrder {
		return nil, errors.New("the last is wanted first")
	}
	out := &sfn.GetExecutionHistoryOutput{}
	outputs := a.histories[strings.TrimPrefix(*in.ExecutionArn, executionARN)]
	for i := range outputs {
		out.Events = append(out.Events, types.HistoryEvent{StateExitedEventDetails: &types.StateExitedEventDetails{Output: &outputs[len(outputs)-1-i]}}, types.HistoryEvent{})
	}
	return out, nil
}

func TestRuns(t *testing.T) {
	done := execution(types.ExecutionStatusSucceeded, `{"prompt":"a boat"}`)
	done.Output = aws.String(`{"id":"done","generation_id":"g-done","route":"legacy","status":"stored"}`)
	old := execution(types.ExecutionStatusFailed, `{"prompt":"a boat"}`)
	old.StopDate = aws.Time(began.Add(-time.Hour))
	a := &annals{
		names: []string{"waiting", "done", "old", "known", "waiting-r2", "odd-r1", "no id"},
		machine: machine{executions: map[string]*sfn.DescribeExecutionOutput{
			"waiting": execution(types.ExecutionStatusFailed, `{"prompt":"a boat"}`), "done": done, "old": old,
			"known": execution(types.ExecutionStatusRunning, `{"prompt":"a boat"}`), "waiting-r2": execution(types.ExecutionStatusRunning, `{"id":"waiting","resume":true}`),
			"odd-r1": execution(types.ExecutionStatusRunning, `{"prompt":"a boat"}`), "no id": execution(types.ExecutionStatusFailed, `{"prompt":""}`),
		}},
		histories: map[string][]string{
			"waiting":    {`{"id":"waiting","status":"waiting"}`},
			"waiting-r2": {`{"id":"waiting","generation_id":"g-1"}`, `{"id":"waiting","generation_id":"g-2","submitted_at":"2026-08-21T12:00:00Z"}`, `no JSON`},
		},
	}
	var arn arn.ARN
	if err := arn.UnmarshalText([]byte(machineARN)); err != nil {
		t.Fatal(err)
	}
	waits := 0
	wait := func(context.Context) error { waits++; return nil }
	known := func(name string) bool { return name == "known" }
	found, err := runs.Read(t.Context(), a, arn, began, known, wait)
	if err != nil {
		t.Fatal(err)
	}
	type told struct {
		job, generation string
		redrive         int
		request, runs   bool
	}
	got := map[string]told{}
	for _, r := range found {
		got[r.Name] = told{r.Job, r.State.GenerationID, r.Redrive, r.Request != nil, r.Running}
	}
	for name, want := range map[string]told{
		"waiting": {"waiting", "", 0, true, false}, "done": {"done", "g-done", 0, true, false},
		"waiting-r2": {"waiting", "g-2", 2, false, true}, "odd-r1": {"odd-r1", "", 0, true, true},
	} {
		if got[name] != want {
			t.Errorf("%s: got %+v, want %+v", name, got[name], want)
		}
	}
	if len(got) != 4 || waits != 5 {
		t.Errorf("got %+v after %d waits", got, waits)
	}
	var unavailable *video.ServiceUnavailable
	a.listErr = errThrottled
	if _, err := runs.Read(t.Context(), a, arn, began, known, wait); !errors.As(err, &unavailable) {
		t.Errorf("unlisted: %v", err)
	}
	a.listErr = nil
	if _, err := runs.Read(t.Context(), a, arn, began, known, func(context.Context) error { return context.Canceled }); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
}
