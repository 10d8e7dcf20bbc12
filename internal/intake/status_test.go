package intake_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/takeup/takeup/internal/intake"
	"github.com/takeup/takeup/internal/video"
)

// shelf is a shelf of a few manifests.
type shelf map[string]video.Manifest

func (s shelf) Manifest(_ context.Context, id string) (video.Manifest, bool, error) {
	if id == "unread" {
		return video.Manifest{}, false, errThrottled
	}
	m, ok := s[id]
	return m, ok, nil
}

func broken(status types.ExecutionStatus, name, cause string) *sfn.DescribeExecutionOutput {
	e := execution(status, `{"prompt":"a boat"}`)
	if name != "" {
		e.Error, e.Cause = &name, &cause
	}
	return e
}

func TestStatus(t *testing.T) {
	boat := request(t, "a boat")
	entry := func(phase video.Phase) *video.Entry {
		e := &video.Entry{ID: "a", Request: boat, RequestHash: boat.Hash(), CreatedAt: began, Phase: phase}
		if phase == video.PhaseAccepted {
			e.GenerationID, e.SubmittedAt = "g", began
		}
		return e
	}
	over := entry(video.PhaseRefused)
	over.Ending = &video.EndingRecord{Error: "OutOfCredits", Message: "top up", At: ended}
	manifest := &video.Manifest{ID: "a", Request: boat, CreatedAt: began, SubmittedAt: began, StoredAt: ended, CreditsUsed: 7}
	running := execution(types.ExecutionStatusRunning, `{"prompt":"a boat"}`)
	failed := broken(types.ExecutionStatusFailed, "GenerationOverdue", `{"errorMessage":"too long","errorType":"GenerationOverdue"}`)

	for _, test := range []struct {
		name      string
		manifest  *video.Manifest
		entry     *video.Entry
		execution *sfn.DescribeExecutionOutput
		redrive   *sfn.DescribeExecutionOutput
		state     intake.State
		ending    string
		message   string
	}{
		{name: "started a moment ago", execution: running, state: intake.Queued},
		{name: "claimed", entry: entry(video.PhaseClaimed), execution: running, state: intake.Queued},
		{name: "waits for room", entry: entry(video.PhaseRefused), execution: running, state: intake.Queued},
		{name: "is looked up", entry: entry(video.PhaseUnanswered), execution: running, state: intake.Queued},
		{name: "accepted", entry: entry(video.PhaseAccepted), execution: running, state: intake.Generating},
		{name: "stored", manifest: manifest, entry: entry(video.PhaseAccepted), execution: running, state: intake.Completed},
		{name: "stored, the rest forgotten", manifest: manifest, state: intake.Completed},
		{name: "stored after an ending", manifest: manifest, entry: over, execution: failed, state: intake.Completed},
		{name: "ended", entry: over, execution: failed, state: intake.Failed, ending: "OutOfCredits", message: "top up"},
		{name: "ended, and not stopped yet", entry: over, execution: running, state: intake.Failed, ending: "OutOfCredits", message: "top up"},
		{name: "ended and forgotten", entry: over, state: intake.Failed, ending: "OutOfCredits", message: "top up"},
		{name: "failed", entry: entry(video.PhaseAccepted), execution: failed, state: intake.Failed, ending: "GenerationOverdue", message: "too long"},
		{name: "failed before the table", execution: broken(types.ExecutionStatusFailed, "Lambda.Unknown", "exit 1"), state: intake.Failed, ending: "Interrupted", message: "exit 1"},
		{name: "aborted", entry: entry(video.PhaseAccepted), execution: broken(types.ExecutionStatusAborted, "", ""), state: intake.Failed, ending: "Interrupted", message: "stopped by an operator"},
		{name: "timed out", execution: broken(types.ExecutionStatusTimedOut, "", ""), state: intake.Failed, ending: "Interrupted", message: "longer"},
		{name: "the video was taken out", entry: entry(video.PhaseAccepted), execution: execution(types.ExecutionStatusSucceeded, "{}"), state: intake.Failed, ending: "VideoGone", message: "taken out"},
		{name: "the execution is forgotten", entry: entry(video.PhaseAccepted), state: intake.Failed, ending: "ExecutionGone", message: "redrive"},
		{name: "goes on in a redrive", entry: entry(video.PhaseAccepted), execution: failed, redrive: execution(types.ExecutionStatusRunning, ""), state: intake.Generating},
		{name: "failed in a redrive", entry: entry(video.PhaseAccepted), execution: failed, redrive: broken(types.ExecutionStatusAborted, "", ""), state: intake.Failed, ending: "Interrupted", message: "stopped"},
		{name: "redriven long after", entry: entry(video.PhaseAccepted), redrive: execution(types.ExecutionStatusRunning, ""), state: intake.Generating},
		{name: "is redriven, and the ending of before is still there", entry: over, execution: failed, redrive: &sfn.DescribeExecutionOutput{
			Status: types.ExecutionStatusRunning, StartDate: aws.Time(ended.Add(time.Minute)),
		}, state: intake.Queued},
		{name: "goes on after its video was taken out", entry: entry(video.PhaseAccepted), execution: execution(types.ExecutionStatusSucceeded, "{}"), redrive: execution(types.ExecutionStatusRunning, ""), state: intake.Generating},
		{name: "was started by hand with no request", execution: &sfn.DescribeExecutionOutput{
			Status: types.ExecutionStatusFailed, Input: aws.String(`{"promt":"x"}`), Error: aws.String("InvalidRequest"), Cause: aws.String(`{"errorMessage":"promt"}`), StartDate: &began, StopDate: &ended,
		}, state: intake.Failed, ending: "InvalidRequest", message: "promt"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, l, m := shelf{}, ledger{}, &machine{executions: map[string]*sfn.DescribeExecutionOutput{}}
			if test.manifest != nil {
				s["a"] = *test.manifest
			}
			if test.entry != nil {
				l["a"] = *test.entry
			}
			if test.execution != nil {
				m.executions["a"] = test.execution
			}
			if test.redrive != nil {
				test.redrive.Input = aws.String(`{"id":"a","resume":true}`)
				m.executions["a-r1"] = test.redrive
				entry := l["a"]
				entry.Execution, entry.Redrives, entry.Started = "a-r1", 1, true
				l["a"] = entry
			}
			view, err := intake.NewDesk(l, s, executions(t, m)).Status(t.Context(), "a")
			if err != nil {
				t.Fatal(err)
			}
			if view.ID != "a" || view.State != test.state || !view.CreatedAt.Equal(began) {
				t.Errorf("got %+v, want state %s", view, test.state)
			}
			if (view.Ending != nil) != (test.state == intake.Failed) || (view.Manifest != nil) != (test.state == intake.Completed) {
				t.Errorf("%s with ending %v and manifest %v", view.State, view.Ending, view.Manifest)
			}
			if view.Ending != nil && (view.Ending.Error != test.ending || !strings.Contains(view.Ending.Message, test.message)) {
				t.Errorf("ending %+v, want %s: %s", view.Ending, test.ending, test.message)
			}
		})
	}
}

// A job is queued from the moment that its item is there, whatever its execution.
func TestStatusOfAJobThatIsStarted(t *testing.T) {
	boat := request(t, "a boat")
	job := video.Entry{ID: "a", Request: boat, RequestHash: boat.Hash(), CreatedAt: began, Execution: "a"}
	aborted := broken(types.ExecutionStatusAborted, "", "")
	started, anew, begun := job, job.Next(), job.Next()
	started.Started, begun.Started = true, true
	for name, test := range map[string]struct {
		entry     video.Entry
		execution *sfn.DescribeExecutionOutput
		state     intake.State
	}{
		"not started":              {entry: job, state: intake.Queued},
		"not shown yet":            {entry: started, state: intake.Queued},
		"aborted":                  {entry: started, execution: aborted, state: intake.Failed},
		"to be begun anew":         {entry: anew, execution: aborted, state: intake.Queued},
		"begun anew":               {entry: begun, execution: aborted, state: intake.Queued},
		"succeeded and taken away": {entry: started, execution: execution(types.ExecutionStatusSucceeded, "{}"), state: intake.Failed},
	} {
		m := &machine{executions: map[string]*sfn.DescribeExecutionOutput{}}
		if test.execution != nil {
			m.executions["a"] = test.execution
		}
		view, err := intake.NewDesk(ledger{"a": test.entry}, shelf{}, executions(t, m)).Status(t.Context(), "a")
		if err != nil || view.State != test.state || view.Request == nil || view.Redrivable != (name == "aborted") {
			t.Errorf("%s: got %+v, %v", name, view, err)
		}
	}
}

// A redrive of a video that was given up takes that back, from its start on.
func TestStatusOfADiscardedVideoThatIsRedriven(t *testing.T) {
	boat := request(t, "a boat")
	l := ledger{"a": {ID: "a", Request: boat, Phase: video.PhaseAccepted, DiscardedAt: ended, Ending: video.NewEndingRecord(&video.Discarded{}, ended)}}
	m := &machine{executions: map[string]*sfn.DescribeExecutionOutput{"a": execution(types.ExecutionStatusFailed, "{}")}}
	desk := intake.NewDesk(l, shelf{}, executions(t, m))
	if view, err := desk.Status(t.Context(), "a"); err != nil || view.State != intake.Discarded || !view.Discard || !view.Redrivable {
		t.Errorf("got %+v, %v", view, err)
	}
	entry := l["a"]
	entry.Execution, entry.Redrives, entry.Started = "a-r1", 1, true
	l["a"] = entry
	m.executions["a-r1"] = execution(types.ExecutionStatusRunning, `{"id":"a","resume":true}`)
	m.executions["a-r1"].StartDate = aws.Time(ended.Add(time.Minute))
	if view, err := desk.Status(t.Context(), "a"); err != nil || view.State != intake.Generating || view.Discard {
		t.Errorf("got %+v, %v", view, err)
	}
}

func TestStatusOfWhatIsNoJob(t *testing.T) {
	m := &machine{executions: map[string]*sfn.DescribeExecutionOutput{
		"a-r1": execution(types.ExecutionStatusFailed, `{"id":"a","resume":true}`),
	}}
	desk := intake.NewDesk(ledger{}, shelf{}, executions(t, m))
	for _, id := range []string{"b", "a-r1", "", "a/b", strings.Repeat("x", 71)} {
		var absent *video.NoEntry
		if view, err := desk.Status(t.Context(), id); !errors.As(err, &absent) {
			t.Errorf("%.20q: got %+v, %v", id, view, err)
		}
	}
}

func TestStatusInTroubleIsUnknown(t *testing.T) {
	m := &machine{executions: map[string]*sfn.DescribeExecutionOutput{}}
	desk := intake.NewDesk(ledger{}, shelf{}, executions(t, m))
	for _, id := range []string{"unread", "throttled", "undescribed"} {
		m.readErr = nil
		if id == "undescribed" {
			m.readErr = errThrottled
		}
		var unavailable *video.ServiceUnavailable
		if view, err := desk.Status(t.Context(), id); !errors.As(err, &unavailable) || !errors.Is(err, errThrottled) {
			t.Errorf("%s: got %+v, %v", id, view, err)
		}
	}
}

// What is stored or ended while the sources are read must not look like a failure.
func TestStatusSeesWhatIsWrittenMeanwhile(t *testing.T) {
	boat := request(t, "a boat")
	s, l := shelf{}, ledger{"a": {ID: "a", Request: boat, Phase: video.PhaseAccepted}}
	m := &machine{executions: map[string]*sfn.DescribeExecutionOutput{"a": execution(types.ExecutionStatusSucceeded, "{}")}}
	m.hook = func() { s["a"] = video.Manifest{ID: "a", Request: boat} }
	view, err := intake.NewDesk(l, s, executions(t, m)).Status(t.Context(), "a")
	if err != nil || view.State != intake.Completed {
		t.Errorf("stored meanwhile: got %+v, %v", view, err)
	}

	delete(s, "a")
	m.executions["a"] = broken(types.ExecutionStatusFailed, "GenerationFailed", "a cause")
	m.hook = func() {
		l["a"] = video.Entry{ID: "a", Request: boat, Ending: &video.EndingRecord{Error: "GenerationFailed", Message: "moderation"}}
	}
	view, err = intake.NewDesk(l, s, executions(t, m)).Status(t.Context(), "a")
	if err != nil || view.Ending == nil || view.Ending.Message != "moderation" {
		t.Errorf("ended meanwhile: got %+v, %v", view, err)
	}
}
