package pipeline_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/takeup/takeup/internal/video"
)

// invoke runs a step as Lambda does: a crash becomes an error of the platform.
func invoke[In any](ctx context.Context, step func(context.Context, In) (video.Job, error), in In) (job video.Job, err error) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(crashed); !ok {
				panic(r)
			}
			job, err = video.Job{}, crash{}
		}
	}()
	job, err = step(ctx, in)
	return job, video.OutcomeOf(err)
}

// function makes a task from a step: its input and output are JSON, and its error has the name
// that Lambda gives it.
func function[In any](step func(context.Context, In) (video.Job, error)) task {
	return func(ctx context.Context, input json.RawMessage) (json.RawMessage, string) {
		var in In
		if err := json.Unmarshal(input, &in); err != nil {
			panic(err)
		}
		job, err := invoke(ctx, step, in)
		switch {
		case errors.Is(err, crash{}):
			return nil, err.Error()
		case err != nil:
			return nil, video.OutcomeName(err)
		}
		output, err := json.Marshal(job)
		if err != nil {
			panic(err)
		}
		return output, ""
	}
}

// machine runs an execution to its end. It returns the name of the outcome, or the job's status
// "stored".
func (s *stage) machine(ctx context.Context, name string, input json.RawMessage) string {
	submitting, checking, storing := s.steps()
	output, failed := execution{
		definition: s.definition, name: name,
		tasks: map[string]task{
			"${SubmitFunctionArn}": function(submitting.Run), "${CheckFunctionArn}": function(checking.Run), "${StoreFunctionArn}": function(storing.Run),
		},
		stopped: func() bool { return s.stopped },
	}.run(ctx, input)
	if failed != "" {
		return failed
	}
	return field[string](fieldsOf(output), "$.status")
}

// The state machine's file decides what the plays do: each edit of it changes how a play ends.
func TestPlaysRunTheStateMachine(t *testing.T) {
	text, err := definitionText()
	if err != nil {
		t.Fatal(err)
	}
	play := func(t *testing.T, definition []byte, plan map[int]fault) (outcome string, trace []string, took time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			s := newStage(start{adapter: adapters()[0]})
			s.definition, s.now = parseDefinition(definition), &moments{plan: plan}
			began := time.Now()
			outcome = s.machine(t.Context(), "job-1", json.RawMessage(`{"prompt":"`+prompt+`"}`))
			trace, took = s.now.trace, time.Since(began)
		})
		return outcome, trace, took
	}
	_, calls, _ := play(t, text, nil)
	submit, copies := slices.Index(calls, "submit"), slices.Index(calls, "copy")
	for name, c := range map[string]struct {
		old, new string
		plan     map[int]fault
		want     string // the outcome after the edit
	}{
		"StartAt":                {old: `"StartAt": "Submit"`, new: `"StartAt": "Check"`, want: "ServiceUnavailable"},
		"a task's Next":          {old: `"Next": "Completed?"`, new: `"Next": "Store"`, want: "stored"},
		"a task's Resource":      {old: `${StoreFunctionArn}`, new: `${CheckFunctionArn}`, want: "completed"},
		"a task's Parameters":    {old: `"input.$": "$"`, new: `"input": "$"`, want: "InvalidRequest"},
		"End":                    {old: `"Next": "Submitted?"`, new: `"End": true`, want: "generating"},
		"a choice's Next":        {old: `"completed", "Next": "Store"`, new: `"completed", "Next": "Wait"`, want: historyLimit},
		"a choice's value":       {old: `"StringEquals": "completed"`, new: `"StringEquals": "finished"`, want: historyLimit},
		"Default":                {old: `"Default": "Wait"`, new: `"Default": "Store"`, want: "stored"},
		"a wait's Next":          {old: `"Next": "Check"`, new: `"Next": "Store"`, want: "stored"},
		"a retrier's errors":     {old: `"States.TaskFailed"`, new: `"States.Permissions"`, plan: map[int]fault{0: crashBefore}, want: "Runtime.ExitError"},
		"a retrier's attempts":   {old: `"MaxAttempts": 20`, new: `"MaxAttempts": 0`, plan: map[int]fault{0: crashBefore}, want: "Runtime.ExitError"},
		"a retrier's interval":   {old: `"IntervalSeconds": 2,`, new: `"IntervalSeconds": 20,`, plan: map[int]fault{0: crashBefore}, want: "stored"},
		"the order of retriers":  {old: `"ErrorEquals": ["VideoUnavailable"]`, new: `"ErrorEquals": ["Absent"]`, plan: map[int]fault{copies: failBefore}, want: "stored"},
		"an error not retried":   {old: `"InvalidRequest",`, new: `"InvalidRequest", "ServiceUnavailable",`, plan: map[int]fault{0: failBefore}, want: "ServiceUnavailable"},
		"an outcome retried":     {old: `"OutOfCredits",`, new: ``, plan: map[int]fault{submit: noCredits}, want: "OutOfCredits"},
		"Catch, and its Next":    {old: `"Next": "Submitted?"`, new: `"Catch": [{ "ErrorEquals": ["States.ALL"], "Next": "Submit" }], "Next": "Submitted?"`, plan: map[int]fault{submit: noCredits}, want: historyLimit},
		"Catch of another error": {old: `"Next": "Submitted?"`, new: `"Catch": [{ "ErrorEquals": ["OutOfCredits"], "Next": "Submit" }], "Next": "Submitted?"`, plan: map[int]fault{submit: noCredits}, want: "InvalidRequest"},
	} {
		t.Run(name, func(t *testing.T) {
			edited := bytes.ReplaceAll(text, []byte(c.old), []byte(c.new))
			if bytes.Equal(edited, text) {
				t.Fatalf("the file has no %s", c.old)
			}
			outcome, trace, took := play(t, edited, c.plan)
			if outcome != c.want {
				t.Errorf("it ended with %s, want %s", outcome, c.want)
			}
			before, beforeTrace, beforeTook := play(t, text, c.plan)
			if outcome == before && slices.Equal(trace, beforeTrace) && took == beforeTook {
				t.Errorf("the edit changed nothing: it ended with %s after %v, with the calls %v", outcome, took, trace)
			}
		})
	}
}
