package pipeline_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/jobs/arn"
	"github.com/takeup/takeup/internal/jobs/runs"
	"github.com/takeup/takeup/internal/jobs/view"
	"github.com/takeup/takeup/internal/pipeline/submit"
	"github.com/takeup/takeup/internal/video"
)

// theater is a fake Step Functions with the one execution of a stage.
type theater struct {
	*stage
	began   time.Time
	running bool
	outcome string
}

func (th *theater) StartExecution(context.Context, *sfn.StartExecutionInput, ...func(*sfn.Options)) (*sfn.StartExecutionOutput, error) {
	return nil, errors.New("nobody starts one here")
}

func (th *theater) StopExecution(context.Context, *sfn.StopExecutionInput, ...func(*sfn.Options)) (*sfn.StopExecutionOutput, error) {
	return nil, errors.New("nobody stops one here")
}

func (th *theater) DescribeExecution(_ context.Context, in *sfn.DescribeExecutionInput, _ ...func(*sfn.Options)) (*sfn.DescribeExecutionOutput, error) {
	var status types.ExecutionStatus
	if th.now.do("describe", func() {
		switch {
		case th.running:
			status = types.ExecutionStatusRunning
		case th.outcome == "stored":
			status = types.ExecutionStatusSucceeded
		default:
			status = types.ExecutionStatusFailed
		}
	}) != "" {
		return nil, outage()
	}
	if !strings.HasSuffix(*in.ExecutionArn, ":job-1") {
		return nil, &types.ExecutionDoesNotExist{}
	}
	return &sfn.DescribeExecutionOutput{
		Name: aws.String("job-1"), Status: status, Error: &th.outcome, StartDate: &th.began, StopDate: aws.Time(time.Now()),
		Input: aws.String(`{"prompt":"` + prompt + `"}`),
	}, nil
}

// cancelling is a play in which the job's owner cancels it during one of its calls.
type cancelling struct {
	discard bool
	begun   start         // whether its item is created before its execution
	plan    map[int]fault // faults of the job's calls; its hold is where the job is cancelled
	own     map[int]fault // faults of the cancellation's calls; at its hold other invocations continue the job
}

func (c cancelling) String() string {
	return fmt.Sprintf("cancelled with discard=%v, begun %v, job %v, cancellation %v", c.discard, c.begun, c.plan, c.own)
}

// run runs the play and checks the promises. It returns the calls of the job and of the
// cancellation.
func (c cancelling) run(t *testing.T) (calls, own []string) {
	t.Helper()
	onePlay(t, func(t *testing.T) {
		s := newStage(c.begun)
		s.patience = 0
		th := &theater{stage: s, began: time.Now(), running: true}
		entries, manifests := s.stores()
		var machine arn.ARN
		if err := machine.UnmarshalText([]byte("arn:aws:states:eu-west-1:123456789012:stateMachine:text-to-video")); err != nil {
			t.Fatal(err)
		}
		executions := runs.New(th, machine)
		service := jobs.New(entries, manifests, executions, time.Now)
		input := json.RawMessage(`{"prompt":"` + prompt + `"}`)

		asked, answer, attempt := false, error(nil), 0
		main := &moments{plan: c.plan}
		s.now = main
		main.held = func() {
			inner := &moments{plan: c.own}
			inner.held = func() {
				s.now = &moments{}
				s.rush(t.Context(), input)
				s.now = inner
			}
			s.now = inner
			asked, answer = true, answerOf(func() error { _, err := service.Cancel(t.Context(), "job-1", c.discard); return err })
			s.now, own, attempt = main, inner.trace, s.attempt()
		}
		outcome := s.machine(t.Context(), "job-1", input)
		calls = main.trace
		if th.running {
			th.outcome, th.running = outcome, false
		}
		s.now = &moments{}
		if _, err := service.Settle(t.Context(), "job-1"); err != nil {
			t.Fatal(err)
		}
		view, err := service.Status(t.Context(), "job-1")
		if err != nil {
			t.Fatal(err)
		}
		if asked {
			c.check(t, s, view, answer)
			if answer == nil && s.attempt() != attempt {
				t.Errorf("%s: attempt %d was made after it was cancelled or discarded", c, s.attempt())
			}
		}
		// Whatever the answer was, a second cancellation agrees with the job's state, and
		// doesn't change it.
		_, err = service.Cancel(t.Context(), "job-1", false)
		again, _ := service.Status(t.Context(), "job-1")
		var not *jobs.NotCancelled
		gone := view.State == video.StateCancelled || view.State == video.StateDiscarded
		if again.State != view.State || gone != (err == nil) || !gone && !errors.As(err, &not) {
			t.Errorf("%s: it is %s, and %s after it was cancelled again: %v", c, view.State, again.State, err)
		}
		if view.State == video.StateDiscarded {
			if outcome := s.machine(t.Context(), "job-1-r1", resume().Input); outcome != "stored" {
				t.Errorf("%s: discarded, redriven, and it ended with %s", c, outcome)
			}
		}
		if view.State == video.StateCancelled {
			if outcome := s.machine(t.Context(), "job-1-r1", resume().Input); outcome != "Cancelled" {
				t.Errorf("%s: cancelled, redriven, and it ended with %s", c, outcome)
			}
		}
	})
	return calls, own
}

// attempt returns the number of the last attempt in the job's entry.
func (s *stage) attempt() int {
	before := s.now
	s.now = &moments{}
	defer func() { s.now = before }()
	entry, _, _ := s.table().Get(context.Background(), "job-1") // without an entry there is no attempt
	return entry.Attempt
}

// rush runs each step of the job once, for as long as there is nothing to wait for but the
// generation, which is done at once.
func (s *stage) rush(ctx context.Context, input json.RawMessage) {
	submitting, checking, storing := s.steps()
	job, err := invoke(ctx, submitting.Run, submit.Task{Execution: "job-1", Input: input})
	if err == nil && job.Status == video.Generating {
		job, err = invoke(ctx, checking.Run, job)
	}
	if err == nil && job.Status == video.Completed {
		_, _ = invoke(ctx, storing.Run, job)
	}
}

// answerOf returns the error of a call. To the caller, a crash is an outage.
func answerOf(call func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(crashed); !ok {
				panic(r)
			}
			err = outage()
		}
	}()
	return call()
}

// check compares the outcome of a job with the answer that its owner got.
func (c cancelling) check(t *testing.T, s *stage, view view.View, answer error) {
	t.Helper()
	file, manifest := s.stored("job-1")
	var not *jobs.NotCancelled
	told := answer == nil || errors.As(answer, &not)
	switch {
	case view.State == video.StateCompleted:
		s.accounts(t, c.String(), "stored")
	case view.Outcome != nil:
		s.accounts(t, c.String(), view.Outcome.Name)
	}
	switch {
	case len(s.accepted) > 1:
		t.Errorf("%s: paid twice: %v", c, s.accepted)
	case view.State == video.StateCancelled && len(s.accepted) > 0:
		t.Errorf("%s: it is cancelled, and %s was paid", c, s.accepted[0].id)
	case len(s.accepted) == 1 && view.State != video.StateCompleted && view.State != video.StateDiscarded:
		t.Errorf("%s: %s was paid, and it is %s: %+v", c, s.accepted[0].id, view.State, view.Outcome)
	case view.State == video.StateCompleted && (!manifest || file == ""), view.State != video.StateCompleted && manifest:
		t.Errorf("%s: it is %s with the file %q and a manifest: %v", c, view.State, file, manifest)
	case view.State == video.StateDiscarded && view.Outcome.Err().Error() == "":
		t.Errorf("%s: discarded without a word of its payment", c)
	case view.State == video.StateDiscarded && !c.discard:
		t.Errorf("%s: discarded, which nobody asked for", c)
	case view.State == video.StateFailed && view.Outcome.Name == "SubmissionLost" && !mayLose(c.plan) && !slices.Contains(slices.Collect(maps.Values(c.plan)), twice):
		// A claim whose write was tried twice is no longer recognized after the wish to discard
		// the job is written over it. The claim is then given up, and never posted.
		t.Errorf("%s: called lost, though nothing kept it from being posted and recorded", c)
	case !told:
	case answer == nil && !c.discard && view.State != video.StateCancelled:
		t.Errorf("%s: it was said to be cancelled, and is %s", c, view.State)
	case answer == nil && (file != "" || view.State == video.StateCompleted):
		t.Errorf("%s: it was said to be cancelled or discarded, and is %s with the file %q", c, view.State, file)
	case answer != nil && (view.State == video.StateCancelled || view.State == video.StateDiscarded):
		t.Errorf("%s: it was refused (%v), and is %s", c, answer, view.State)
	}
	if !slices.Contains([]video.State{video.StateCompleted, video.StateCancelled, video.StateDiscarded, video.StateFailed}, view.State) {
		t.Errorf("%s: it is %s", c, view.State)
	}
}

// TestCancelAtEveryPoint cancels a job before and after each of its calls, with and without
// discarding its video. A cancellation before a call is crossed with each fault of the job's
// calls and of its own. It is also crossed with the job continuing, to its end if it can, during
// each of the cancellation's calls. A cancellation after a call isn't crossed: it comes before
// the next call, too.
func TestCancelAtEveryPoint(t *testing.T) {
	t.Parallel()
	for _, begun := range starts() {
		cancelAtEveryPoint(t, begun)
	}
}

func cancelAtEveryPoint(t *testing.T, begun start) {
	t.Helper()
	plays := 0
	play := func(c cancelling) ([]string, []string) { plays++; return c.run(t) }
	calls, _ := play(cancelling{begun: begun})
	for i := range calls {
		for _, discard := range []bool{false, true} {
			play(cancelling{discard: discard, begun: begun, plan: map[int]fault{i: holdAfter}})
			c := cancelling{discard: discard, begun: begun, plan: map[int]fault{i: hold}}
			after, own := play(c)
			for j := range own {
				for _, f := range append(faultsOf(own[j]), hold, holdAfter) {
					c.own = map[int]fault{j: f}
					play(c)
				}
			}
			c.own = nil
			for j := range after {
				if j == i {
					continue
				}
				for _, f := range faultsOf(after[j]) {
					c.plan = map[int]fault{i: hold, j: f}
					play(c)
				}
			}
		}
	}
	t.Logf("%v: %d plays of a job that is cancelled", begun, plays)
}
