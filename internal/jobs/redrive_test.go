package jobs_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/video"
)

func over(id string, outcome error) video.Entry {
	e := accepted(id)
	e.End(outcome, time.Time{})
	return e
}

func accepted(id string) video.Entry {
	return video.Entry{ID: id, RequestHash: "known", Phase: video.PhaseAccepted}
}

// outcomes returns a job in each state.
func outcomes() (ledger, manifests, *machine) {
	const failed, running, succeeded = types.ExecutionStatusFailed, types.ExecutionStatusRunning, types.ExecutionStatusSucceeded
	const request = `{"prompt":"a boat"}`
	resume := func(id string) string { return `{"id":"` + id + `","resume":true}` }
	early := execution(failed, request)
	early.Error = aws.String("Unauthorized")
	odd := execution(failed, `{"promt":"a boat"}`)
	odd.Error = aws.String("InvalidRequest")
	m := &machine{executions: map[string]*sfn.DescribeExecutionOutput{
		"poor": execution(failed, request), "again": execution(failed, request), "again-r1": execution(failed, resume("again")),
		"running":  execution(running, request),
		"redriven": execution(failed, request), "redriven-r1": execution(running, resume("redriven")),
		"namesake": execution(failed, request), "namesake-r1": execution(running, request),
		"stored": execution(succeeded, request), "moderated": execution(failed, request), "early": early, "odd": odd,
		"gone": execution(succeeded, request), "anew": execution(failed, request), "anew-r1": execution(failed, `{"id":"anew","status":"waiting"}`), "starting": execution(failed, request),
		"crashed": execution(types.ExecutionStatusTimedOut, request), "raced": execution(failed, request), "raced-r1": execution(failed, resume("raced")), "removed": execution(succeeded, request),
	}}
	l := ledger{
		"poor": over("poor", &video.OutOfCredits{}), "again": over("again", &video.SubmissionLost{}),
		"running": accepted("running"), "redriven": over("redriven", &video.Unauthorized{}), "namesake": over("namesake", &video.Unauthorized{}),
		"stored": accepted("stored"), "moderated": over("moderated", &video.GenerationFailed{Said: "moderation"}),
		"invalid": over("invalid", &video.InvalidRequest{}), "crashed": accepted("crashed"), "forgotten": accepted("forgotten"),
		"unread": over("unread", &video.OutOfCredits{}), "anew": {ID: "anew", RequestHash: "known"}, "starting": over("starting", &video.OutOfCredits{}),
		"raced": over("raced", &video.OutOfCredits{}), "removed": accepted("removed"),
	}
	redriven := func(id string, started bool) {
		entry := l[id]
		entry.Execution, entry.Redrives, entry.Started = id+"-r1", 1, started
		l[id] = entry
	}
	redriven("again", true)
	redriven("redriven", true)
	redriven("anew", true)
	redriven("starting", false)
	return l, manifests{"stored": {ID: "stored"}}, m
}

func TestRedrive(t *testing.T) {
	for _, test := range []struct {
		id, name, refused string
		unended           bool
	}{
		{id: "poor", name: "poor-r1"},
		{id: "again", name: "again-r2"},
		{id: "raced", name: "raced-r2"},
		{id: "namesake", name: "namesake-r2"},
		{id: "starting", name: "starting-r1"},
		{id: "crashed", name: "crashed-r1", unended: true},
		{id: "forgotten", name: "forgotten-r1", unended: true},
		{id: "removed", name: "removed-r1", unended: true},
		{id: "running", refused: "its execution running is still running"},
		{id: "redriven", refused: "its execution redriven-r1 is still running"},
		{id: "stored", refused: "stored already"},
		{id: "moderated", refused: "ended with GenerationFailed, which stays; a new request is the way"},
		{id: "invalid", refused: "ended with InvalidRequest, which stays"},
		{id: "early", name: "early-r1"},
		{id: "anew", name: "anew-r2", unended: true},
		{id: "odd", refused: "nothing was submitted or paid, and there is no valid request to go on with"},
	} {
		l, s, m := outcomes()
		view, err := service(t, l, s, m).Redrive(t.Context(), test.id)
		name := view.Execution
		var not *jobs.NotRedriven
		switch {
		case test.refused != "":
			if !errors.As(err, &not) || not.ID != test.id || !strings.Contains(err.Error(), test.refused) || len(m.started) > 0 {
				t.Errorf("%s: got %q, %v, started %v", test.id, name, err, m.started)
			}
		case err != nil || view.State.Ended() || view.Discard || name != test.name || !slices.Equal(m.started, []string{name}):
			t.Errorf("%s: got %q, %v, started %v", test.id, name, err, m.started)
		case test.unended && *m.executions[name].Input != `{"id":"`+test.id+`","status":"waiting"}`,
			!test.unended && *m.executions[name].Input != `{"id":"`+test.id+`","resume":true}`:
			t.Errorf("%s: started with %s", test.id, *m.executions[name].Input)
		}
	}
}

// A Store may store the video after its execution was stopped and its job was settled as
// interrupted. A redrive of such a job starts nothing, and records the video.
func TestRedriveOfAJobStoredAfterItWasSettled(t *testing.T) {
	l, s, m := outcomes()
	entry := over("crashed", &video.Interrupted{Execution: "crashed"})
	entry.Money = []budget.Money{{Attempt: 1, Day: "2026-08-21", Micros: 980_000, State: budget.Reserved, Slot: true}}
	entry.Attempt, entry.Started = 1, true
	l["crashed"], s["crashed"] = entry, video.Manifest{ID: "crashed", ChargedMicros: 490_000}
	var not *jobs.NotRedriven
	if view, err := service(t, l, s, m).Redrive(t.Context(), "crashed"); !errors.As(err, &not) || !strings.Contains(err.Error(), "stored already") || len(m.started) > 0 {
		t.Errorf("got %+v, %v, started %v", view, err, m.started)
	}
	got := l["crashed"]
	if money := got.Money[0]; got.Outcome != nil || got.Manifest == nil || got.State() != video.StateCompleted || money.State != budget.Spent || money.Micros != 490_000 || money.Slot {
		t.Errorf("the table has %+v", got)
	}
}

func TestRedriveOfWhatIsNoJob(t *testing.T) {
	l, s, m := outcomes()
	r := service(t, l, s, m)
	var absent *video.NoEntry
	for _, id := range []string{"nobody", "again-r1", "gone"} {
		if view, err := r.Redrive(t.Context(), id); !errors.As(err, &absent) {
			t.Errorf("%s: got %+v, %v", id, view, err)
		}
	}
	var invalid *video.InvalidRequest
	if view, err := r.Redrive(t.Context(), "a/b"); !errors.As(err, &invalid) {
		t.Errorf("a bad id: got %+v, %v", view, err)
	}
	if len(m.started) > 0 {
		t.Errorf("started %v", m.started)
	}
}

func TestRedriveInTrouble(t *testing.T) {
	var unavailable *video.ServiceUnavailable
	for id, trouble := range map[string]func(*machine){
		"unread":    func(*machine) {},
		"throttled": func(*machine) {},
		"crashed":   func(m *machine) { m.readErr = errThrottled },
		"poor":      func(m *machine) { m.startErr = errThrottled },
	} {
		l, s, m := outcomes()
		trouble(m)
		if view, err := service(t, l, s, m).Redrive(t.Context(), id); !errors.As(err, &unavailable) || !errors.Is(err, errThrottled) {
			t.Errorf("%s: got %+v, %v", id, view, err)
		}
	}
}
