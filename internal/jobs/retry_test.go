package jobs_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/jobs/runs"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/report"
)

// TestRetry retries a job in each of its states.
func TestRetry(t *testing.T) {
	boat := request(t, "a boat")
	at := began.Add(time.Minute)
	accepted := func(e *video.Entry) { e.Phase, e.GenerationID, e.SubmittedAt = video.PhaseAccepted, "g", began }
	done := func(e *video.Entry, since time.Duration, why string) {
		accepted(e)
		when := at.Add(-since)
		e.Progress = []report.Progress{{
			Step: report.StepCheck, Wait: report.Wait{Kind: report.WaitVideo, At: when, LastError: why}, Events: []report.Event{{At: when, Kind: report.EventDone}},
		}}
	}
	for _, test := range []struct {
		name    string
		change  func(*video.Entry)
		starts  string
		stops   string
		refused string
		after   time.Duration
	}{
		{name: "about to be taken up", change: func(*video.Entry) {}, starts: "a-r1", stops: "a"},
		{name: "not started yet", change: func(e *video.Entry) { e.Execution, e.Redrives, e.Started = "a-r1", 1, false }, starts: "a-r1"},
		{name: "waits for room", change: func(e *video.Entry) { e.Phase = video.PhaseRefused }, starts: "a-r1", stops: "a"},
		{name: "is looked up", change: func(e *video.Entry) { e.Phase = video.PhaseUnanswered }, starts: "a-r1", stops: "a"},
		{name: "is looked up, for the invocation died", change: func(e *video.Entry) { e.Phase, e.ClaimedUntil = video.PhaseClaimed, at }, starts: "a-r1", stops: "a"},
		{name: "is being submitted", change: func(e *video.Entry) { e.Phase, e.ClaimedUntil = video.PhaseClaimed, at.Add(time.Second) }, refused: "is being submitted at this moment", after: time.Second},
		{name: "is generated", change: accepted, starts: "a-r1", stops: "a"},
		{name: "is being copied", change: func(e *video.Entry) { done(e, 30*time.Second, "") }, refused: "is being copied", after: 15 * time.Minute},
		{name: "could not be copied", change: func(e *video.Entry) { done(e, 30*time.Second, "503") }, starts: "a-r1", stops: "a"},
		{name: "should have been copied long ago", change: func(e *video.Entry) { done(e, time.Hour, "") }, starts: "a-r1", stops: "a"},
		{name: "is stored", change: func(e *video.Entry) { accepted(e); e.Manifest = &video.Manifest{} }, refused: "its video is stored"},
		{name: "is being removed", change: func(e *video.Entry) { accepted(e); e.Manifest, e.DiscardedAt = &video.Manifest{}, at }, refused: "it has ended"},
		{name: "ended", change: func(e *video.Entry) { e.End(&video.OutOfCredits{}, at) }, refused: "redrive it"},
		{name: "ended for good", change: func(e *video.Entry) { e.End(&video.Cancelled{}, at) }, refused: "ended with Cancelled, which stays"},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := video.Entry{ID: "a", Request: boat, RequestHash: boat.Hash(), CreatedAt: began, Execution: "a", Started: true}
			test.change(&e)
			l, m := ledger{"a": e}, &machine{executions: map[string]*sfn.DescribeExecutionOutput{"a": execution(types.ExecutionStatusRunning, `{"prompt":"a boat"}`)}}
			view, err := serviceAt(t, l, manifests{}, m, at).Retry(t.Context(), "a")
			var not *jobs.NotRetried
			switch {
			case test.refused != "":
				if !errors.As(err, &not) || !strings.Contains(not.Reason, test.refused) || not.RetryAfter != test.after || !strings.Contains(not.Error(), "job a was not retried") {
					t.Errorf("got %+v, %v", not, err)
				}
			case err != nil:
				t.Fatal(err)
			case view.Execution != test.starts || l["a"].Execution != test.starts || !l["a"].Started || l["a"].Phase != e.Phase || l["a"].Attempt != e.Attempt:
				t.Errorf("got %+v; the job is %+v", view, l["a"])
			case *m.executions[test.starts].Input != `{"id":"a","status":"waiting"}`:
				t.Errorf("started with %s", *m.executions[test.starts].Input)
			}
			if strings.Join(m.started, " ") != test.starts || strings.Join(m.stopped, " ") != test.stops {
				t.Errorf("started %v, and stopped %v", m.started, m.stopped)
			}
		})
	}
}

func TestRetryOfNothing(t *testing.T) {
	for _, id := range []string{"nobody", "no/id"} {
		var absent *video.NoEntry
		if _, err := service(t, ledger{}, manifests{}, &machine{}).Retry(t.Context(), id); !errors.As(err, &absent) {
			t.Errorf("%s: got %v", id, err)
		}
	}
	var unavailable *video.ServiceUnavailable
	if _, err := service(t, ledger{}, manifests{}, &machine{}).Retry(t.Context(), "throttled"); !errors.As(err, &unavailable) {
		t.Errorf("got %v", err)
	}
}

// TestRetriedWhateverFails retries a job with each fault, and each pair of faults, in its calls,
// and asks again until it gets an answer. Then the execution that the item names is running.
// Only one that the item named before may run beside it, if it could not be stopped.
func TestRetriedWhateverFails(t *testing.T) {
	boat := request(t, "a boat")
	ask := func(l jobs.Table, m runs.StepFunctions) (err error) {
		defer func() {
			if r := recover(); r != nil {
				if _, ok := r.(crashed); !ok {
					panic(r)
				}
				err = errPlanned
			}
		}()
		_, err = service(t, l, manifests{}, m).Retry(t.Context(), "a")
		return err
	}
	play := func(name string, plan map[int]string) int {
		f := &faulty{machine: &machine{executions: map[string]*sfn.DescribeExecutionOutput{
			"a": execution(types.ExecutionStatusRunning, `{"prompt":"a boat"}`), "a-r2": execution(types.ExecutionStatusRunning, `{"prompt":"a namesake"}`),
		}}, ledger: ledger{}, plan: plan}
		f.ledger["a"] = video.Entry{ID: "a", Request: boat, RequestHash: boat.Hash(), Phase: video.PhaseRefused, Attempt: 3, Execution: "a", Started: true}
		f.other = func() {
			if err := ask(f.ledger, f.machine); err != nil {
				t.Errorf("%s: the other: %v", name, err)
			}
		}
		err := ask(f, f)
		calls := f.calls
		for range len(plan) {
			if err != nil {
				err = ask(f, f)
			}
		}
		job := f.ledger["a"]
		switch named := f.machine.executions[job.Execution]; {
		case err != nil:
			t.Errorf("%s: %v", name, err)
		case named == nil || named.Status != types.ExecutionStatusRunning || !slices.Contains(f.machine.started, job.Execution):
			t.Errorf("%s: the job names %s, which doesn't run; started %v, stopped %v", name, job.Execution, f.machine.started, f.machine.stopped)
		case slices.Contains(f.machine.stopped, job.Execution):
			t.Errorf("%s: %s was stopped", name, job.Execution)
		case f.machine.executions["a-r2"].Status != types.ExecutionStatusRunning:
			t.Errorf("%s: the execution of another job was stopped", name)
		case len(plan) == 0 && !slices.Equal(f.machine.stopped, []string{"a"}):
			t.Errorf("%s: stopped %v", name, f.machine.stopped)
		case job.Phase != video.PhaseRefused || job.Attempt != 3:
			t.Errorf("%s: the job is %+v", name, job)
		}
		return calls
	}
	eachPair(t, play)
}
