package pipeline_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/jobs/arn"
	"github.com/takeup/takeup/internal/jobs/runs"
	"github.com/takeup/takeup/internal/video"
)

// retrying is a play in which the job is retried during one of its calls.
type retrying struct {
	begun  start         // whether its item is created before its execution
	beside bool          // its execution could not be stopped, and continues after the other one
	plan   map[int]fault // faults of the job's calls; its hold is where the job is retried
	own    map[int]fault // faults of the retry's calls
}

func (c retrying) String() string {
	return fmt.Sprintf("retried, begun %v, beside=%v, job %v, retry %v", c.begun, c.beside, c.plan, c.own)
}

// run runs the play. The execution that the retry started runs to its end while the invocation
// that made the call is held, or after that one has ended. Then every execution is settled, the
// job is redriven if it has no video, and the promises are checked.
func (c retrying) run(t *testing.T) (calls, own []string) {
	t.Helper()
	onePlay(t, func(t *testing.T) {
		s := newStage(c.begun)
		e := &engine{stage: s, executions: map[string]*sfn.DescribeExecutionOutput{}}
		entries, manifests := s.stores()
		var machine arn.ARN
		if err := machine.UnmarshalText([]byte("arn:aws:states:eu-west-1:123456789012:stateMachine:text-to-video")); err != nil {
			t.Fatal(err)
		}
		service := jobs.New(entries, manifests, runs.New(e, machine), time.Now)
		input := json.RawMessage(`{"prompt":"` + prompt + `"}`)
		e.executions["job-1"] = &sfn.DescribeExecutionOutput{
			Name: aws.String("job-1"), Input: aws.String(string(input)), Status: types.ExecutionStatusRunning, StartDate: aws.Time(time.Now()),
		}
		goOn := func(name string) {
			execution := e.executions[name]
			if name == "job-1" || execution == nil || execution.Status != types.ExecutionStatusRunning {
				return
			}
			s.now, s.stopped = &moments{}, false
			e.stop(name, s.machine(t.Context(), name, json.RawMessage(*execution.Input)))
		}
		main := &moments{plan: c.plan}
		s.now = main
		main.held = func() {
			s.now = &moments{plan: c.own}
			err := answerOf(func() error { _, err := service.Retry(t.Context(), "job-1"); return err })
			own = s.now.trace
			// A caller that got no answer retries.
			var unavailable *video.ServiceUnavailable
			if s.now = (&moments{}); errors.As(err, &unavailable) || err != nil && err.Error() == outage().Error() {
				_, _ = service.Retry(t.Context(), "job-1")
			}
			if c.beside {
				goOn("job-1-r1")
				goOn("job-1-r2")
			}
			s.now, s.stopped = main, !c.beside && e.executions["job-1"].Status != types.ExecutionStatusRunning
		}
		e.stop("job-1", s.machine(t.Context(), "job-1", input))
		calls = main.trace
		goOn("job-1-r1")
		goOn("job-1-r2")
		s.now, s.stopped = &moments{}, false
		for name := range e.executions {
			if _, err := service.Settle(t.Context(), name); err != nil {
				t.Errorf("%s: %v", c, err)
			}
		}

		view, err := service.Status(t.Context(), "job-1")
		if _, stored := s.stored("job-1"); err != nil || stored != (view.State == video.StateCompleted) || !view.State.Ended() {
			t.Errorf("%s: a manifest: %v, and it is %s, %v", c, stored, view.State, err)
		}
		outcome := "stored"
		redriven, err := service.Redrive(t.Context(), "job-1")
		var not *jobs.NotRedriven
		switch name := redriven.Execution; {
		case err == nil:
			outcome = s.machine(t.Context(), name, json.RawMessage(*e.executions[name].Input))
		case !errors.As(err, &not):
			t.Errorf("%s: redriven: %v", c, err)
		case view.Outcome != nil:
			outcome = view.Outcome.Name
		}
		s.keepsItsPromises(t, c.String()+", redriven", outcome, true)
	})
	return calls, own
}

// TestRetriedAtEveryPoint retries a job before and after each of its calls. That is crossed with
// each fault of the retry's calls, and with each earlier fault of the job's calls.
func TestRetriedAtEveryPoint(t *testing.T) {
	t.Parallel()
	plays := 0
	for _, begun := range starts() {
		for _, beside := range []bool{false, true} {
			crossed(func(plan, own map[int]fault) (calls, owns []string) {
				plays++
				return retrying{begun: begun, beside: beside, plan: plan, own: own}.run(t)
			})
		}
	}
	t.Logf("%d plays of a job that is retried", plays)
}
