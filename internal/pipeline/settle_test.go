package pipeline_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/jobs/arn"
	"github.com/takeup/takeup/internal/jobs/runs"
	"github.com/takeup/takeup/internal/jobs/sweep"
	"github.com/takeup/takeup/internal/video"
)

// engine is a fake Step Functions with the executions of a stage's job. The test starts them by
// hand.
type engine struct {
	*stage
	executions map[string]*sfn.DescribeExecutionOutput
}

func (e *engine) StartExecution(_ context.Context, in *sfn.StartExecutionInput, _ ...func(*sfn.Options)) (*sfn.StartExecutionOutput, error) {
	if e.executions[*in.Name] != nil {
		return nil, &types.ExecutionAlreadyExists{}
	}
	e.executions[*in.Name] = &sfn.DescribeExecutionOutput{
		Name: in.Name, Input: in.Input, Status: types.ExecutionStatusRunning, StartDate: aws.Time(time.Now()),
	}
	return &sfn.StartExecutionOutput{}, nil
}

func (e *engine) StopExecution(_ context.Context, in *sfn.StopExecutionInput, _ ...func(*sfn.Options)) (*sfn.StopExecutionOutput, error) {
	name := (*in.ExecutionArn)[strings.LastIndex(*in.ExecutionArn, ":")+1:]
	if e.now.do("stop", func() { e.stop(name, "stopped") }) != "" {
		return nil, outage()
	}
	return &sfn.StopExecutionOutput{}, nil
}

func (e *engine) DescribeExecution(_ context.Context, in *sfn.DescribeExecutionInput, _ ...func(*sfn.Options)) (*sfn.DescribeExecutionOutput, error) {
	name := (*in.ExecutionArn)[strings.LastIndex(*in.ExecutionArn, ":")+1:]
	var found *sfn.DescribeExecutionOutput
	if e.now.do("describe", func() { found = e.executions[name] }) != "" {
		return nil, outage()
	}
	if found == nil {
		return nil, &types.ExecutionDoesNotExist{}
	}
	return found, nil
}

func (e *engine) ListExecutions(_ context.Context, in *sfn.ListExecutionsInput, _ ...func(*sfn.Options)) (*sfn.ListExecutionsOutput, error) {
	out := &sfn.ListExecutionsOutput{}
	if e.now.do("list executions", func() {
		for name, execution := range e.executions {
			if execution.Status == in.StatusFilter {
				out.Executions = append(out.Executions, types.ExecutionListItem{Name: &name, StartDate: execution.StartDate})
			}
		}
	}) != "" {
		return nil, outage()
	}
	return out, nil
}

// stop ends an execution with an outcome: "stopped" as by its operator, any other as by itself.
func (e *engine) stop(name, outcome string) {
	execution := e.executions[name]
	if execution.Status != types.ExecutionStatusRunning {
		return
	}
	execution.StopDate = aws.Time(time.Now())
	switch outcome {
	case "stopped":
		execution.Status = types.ExecutionStatusAborted
	case "stored":
		execution.Status = types.ExecutionStatusSucceeded
	default:
		execution.Status, execution.Error = types.ExecutionStatusFailed, &outcome
	}
}

// settling is a play in which the job's execution is stopped during one of its calls, and the
// job is settled while the invocation that made the call still runs.
type settling struct {
	begun start         // whether its item is created before its execution
	swept bool          // settled by a sweep, not by the event
	plan  map[int]fault // faults of the job's calls; its hold is where the execution is stopped
	own   map[int]fault // faults of the settling's calls
}

func (c settling) String() string {
	return fmt.Sprintf("stopped, begun %v, swept=%v, job %v, settling %v", c.begun, c.swept, c.plan, c.own)
}

// settle settles the job once.
func (c settling) settle(ctx context.Context, service *jobs.Service, sweeper *sweep.Sweeper, e *engine) error {
	if c.swept {
		_, err := sweeper.Sweep(ctx, e, func(context.Context) error { return nil })
		return err
	}
	_, err := service.Settle(ctx, "job-1")
	return err
}

// settleLater settles the job when nothing runs any more. The first sweep only marks the job as
// started if it isn't marked yet.
func (c settling) settleLater(ctx context.Context, service *jobs.Service, sweeper *sweep.Sweeper, e *engine) error {
	if c.swept {
		time.Sleep(5 * time.Minute)
		if err := c.settle(ctx, service, sweeper, e); err != nil {
			return err
		}
		time.Sleep(5 * time.Minute)
	}
	return c.settle(ctx, service, sweeper, e)
}

// run runs the play, settles the job again afterwards, starts it anew or redrives it, and checks
// the promises. It returns the calls of the job and of the settling.
func (c settling) run(t *testing.T) (calls, own []string) {
	t.Helper()
	onePlay(t, func(t *testing.T) {
		s := newStage(c.begun)
		e := &engine{stage: s, executions: map[string]*sfn.DescribeExecutionOutput{}}
		entries, manifests := s.stores()
		var machine arn.ARN
		if err := machine.UnmarshalText([]byte("arn:aws:states:eu-west-1:123456789012:stateMachine:text-to-video")); err != nil {
			t.Fatal(err)
		}
		executions := runs.New(e, machine)
		service := jobs.New(entries, manifests, executions, time.Now)
		sweeper := sweep.New(service, entries, executions, time.Now)
		input := json.RawMessage(`{"prompt":"` + prompt + `"}`)
		e.executions["job-1"] = &sfn.DescribeExecutionOutput{
			Name: aws.String("job-1"), Input: aws.String(string(input)), Status: types.ExecutionStatusRunning, StartDate: aws.Time(time.Now()),
		}
		main := &moments{plan: c.plan}
		s.now = main
		main.held = func() {
			s.stopped = true
			e.stop("job-1", "stopped")
			s.now = &moments{plan: c.own}
			_ = answerOf(func() error {
				return c.settle(t.Context(), service, sweeper, e)
			})
			own = s.now.trace
			s.now = main
		}
		outcome := s.machine(t.Context(), "job-1", input)
		e.stop("job-1", outcome)
		calls, s.now, s.stopped = main.trace, &moments{}, false
		if err := c.settleLater(t.Context(), service, sweeper, e); err != nil {
			t.Errorf("%s: %v", c, err)
		}

		entry, _, err := entries.Get(t.Context(), "job-1")
		view, viewErr := service.Status(t.Context(), "job-1")
		switch _, stored := s.stored("job-1"); {
		case err != nil || viewErr != nil:
			t.Fatalf("%s: %v, %v", c, err, viewErr)
		case stored != (view.State == video.StateCompleted) || stored == (entry.Manifest == nil):
			t.Errorf("%s: a manifest: %v, and it is %s, with the manifest %v", c, stored, view.State, entry.Manifest)
		case !stored && entry.Outcome == nil:
			t.Errorf("%s: it has no outcome: %+v", c, entry)
		case !view.State.Ended():
			t.Errorf("%s: it is %s", c, view.State)
		}
		if ended := view.Outcome; ended != nil {
			s.accounts(t, c.String(), ended.Name)
		} else {
			s.accounts(t, c.String(), "stored")
		}
		if err := c.settleLater(t.Context(), service, sweeper, e); err != nil {
			t.Errorf("%s: %v", c, err)
		}
		if again, _, _ := entries.Get(t.Context(), "job-1"); again.Mark != entry.Mark {
			t.Errorf("%s: settled twice: %+v, and %+v", c, entry, again)
		}
		redriven, err := service.Redrive(t.Context(), "job-1")
		name := redriven.Execution
		var not *jobs.NotRedriven
		switch {
		case err == nil:
			outcome = s.machine(t.Context(), name, json.RawMessage(*e.executions[name].Input))
		case !errors.As(err, &not):
			t.Errorf("%s: redriven: %v", c, err)
		case view.State == video.StateCompleted:
			outcome = "stored"
		default:
			outcome = view.Outcome.Name
		}
		s.keepsItsPromises(t, c.String()+", redriven", outcome, true)
	})
	return calls, own
}

// crossed plays an action before and after each of a job's calls: alone, with each fault of the
// action's own calls, and with each earlier fault of the job's calls. A play returns the job's
// calls and the action's own.
func crossed(play func(plan, own map[int]fault) (calls, owns []string)) {
	calls, _ := play(nil, nil)
	for i := range calls {
		for _, h := range []fault{hold, holdAfter} {
			_, owns := play(map[int]fault{i: h}, nil)
			for j := range owns {
				for _, f := range faultsOf(owns[j]) {
					play(map[int]fault{i: h}, map[int]fault{j: f})
				}
			}
			for j := range i {
				for _, f := range faultsOf(calls[j]) {
					play(map[int]fault{i: h, j: f}, nil)
				}
			}
		}
	}
}

// TestStoppedAndSettledAtEveryPoint stops a job's execution before and after each of its calls.
// It settles the job, by the event or by a sweep, while its invocation runs to its end. That is
// crossed with each fault of the settling's calls, and with each earlier fault of the job's
// calls.
func TestStoppedAndSettledAtEveryPoint(t *testing.T) {
	t.Parallel()
	plays := 0
	for _, begun := range starts() {
		for _, swept := range []bool{false, true} {
			crossed(func(plan, own map[int]fault) (calls, owns []string) {
				plays++
				return settling{begun: begun, swept: swept, plan: plan, own: own}.run(t)
			})
		}
	}
	t.Logf("%d plays of a job whose execution is stopped and settled", plays)
}
