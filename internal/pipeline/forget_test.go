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
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/jobs/arn"
	"github.com/takeup/takeup/internal/jobs/runs"
	"github.com/takeup/takeup/internal/jobs/sweep"
	"github.com/takeup/takeup/internal/video"
)

// forgetting is a play in which a job's execution is stopped during one of its calls, and the
// job is settled and forgotten while the invocation that made the call still runs.
type forgetting struct {
	begun   start         // whether its item is created before its execution
	settled bool          // whether it is settled before it is forgotten
	plan    map[int]fault // faults of the job's calls; its hold is where the execution is stopped
	own     map[int]fault // faults of Forget's calls; at its hold the job is redriven to its end
}

func (c forgetting) String() string {
	return fmt.Sprintf("forgotten, begun %v, settled=%v, job %v, forgetting %v", c.begun, c.settled, c.plan, c.own)
}

// has returns where in the table or the bucket the text is, or "".
func (s *stage) has(words string) (where string) {
	for _, item := range s.items.All() {
		if strings.Contains(said(&types.AttributeValueMemberM{Value: item}), words) {
			return "the table"
		}
	}
	for key, o := range s.objects {
		if strings.Contains(o.body, words) {
			return key
		}
	}
	return ""
}

// said returns the texts of an attribute.
func said(v types.AttributeValue) string {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return v.Value + "\n"
	case *types.AttributeValueMemberL:
		all := ""
		for _, part := range v.Value {
			all += said(part)
		}
		return all
	case *types.AttributeValueMemberM:
		all := ""
		for _, part := range v.Value {
			all += said(part)
		}
		return all
	}
	return ""
}

// run runs the play, forgets the job again until that succeeds, and checks the promises. It
// returns the calls of the job and of the first Forget.
func (c forgetting) run(t *testing.T) (calls, own []string) {
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
			Name: aws.String("job-1"), Input: aws.String(string(input)), Status: sfntypes.ExecutionStatusRunning, StartDate: aws.Time(time.Now()),
		}
		redrive := func(when string) {
			redriven, err := service.Redrive(t.Context(), "job-1")
			var not *jobs.NotRedriven
			var none *video.NoEntry
			switch {
			case err == nil:
				e.stop(redriven.Execution, s.machine(t.Context(), redriven.Execution, json.RawMessage(*e.executions[redriven.Execution].Input)))
			case !errors.As(err, &not) && !errors.As(err, &none):
				t.Errorf("%s: redriven %s: %v", c, when, err)
			}
		}
		forget := func(plan map[int]fault) (error, []string) {
			before := s.now
			defer func() { s.now = before }()
			mine := &moments{plan: plan}
			mine.held = func() {
				s.now = &moments{}
				stopped := s.stopped
				s.stopped = false
				redrive("meanwhile")
				s.stopped, s.now = stopped, mine
			}
			s.now = mine
			err := answerOf(func() error { _, err := service.Forget(t.Context(), "job-1"); return err })
			return err, mine.trace
		}
		forgotten := false
		main := &moments{plan: c.plan}
		s.now = main
		main.held = func() {
			s.stopped = true
			e.stop("job-1", "stopped")
			s.now = &moments{}
			if c.settled {
				if _, err := service.Settle(t.Context(), "job-1"); err != nil {
					t.Errorf("%s: settled: %v", c, err)
				}
			}
			var err error
			err, own = forget(c.own)
			forgotten = err == nil
			s.now = main
		}
		e.stop("job-1", s.machine(t.Context(), "job-1", input))
		calls, s.now, s.stopped = main.trace, &moments{}, false
		if forgotten {
			if where := s.has(prompt); where != "" {
				t.Errorf("%s: it was said to be forgotten, and once the rest had ended %s has its prompt", c, where)
			}
		}
		if _, err := service.Settle(t.Context(), "job-1"); err != nil {
			t.Errorf("%s: %v", c, err)
		}
		time.Sleep(2 * time.Minute) // by then a claim has ended, and the index is up to date
		if _, err := sweep.New(service, entries, runs.New(e, machine), time.Now).Sweep(t.Context(), e, func(context.Context) error { return nil }); err != nil {
			t.Errorf("%s: %v", c, err)
		}
		before, _, err := entries.Get(t.Context(), "job-1")
		if err != nil {
			t.Fatalf("%s: %v", c, err)
		}
		for range 2 {
			got, err := service.Forget(t.Context(), "job-1")
			if err != nil || got.ForgottenAt.IsZero() || got.Redrivable || len(got.Stays) == 0 {
				t.Fatalf("%s: forgotten again: %+v, %v", c, got, err)
			}
		}
		if where := s.has(prompt); where != "" {
			t.Errorf("%s: it is forgotten, and %s has its prompt", c, where)
		}
		after, _, _ := entries.Get(t.Context(), "job-1")
		if after.RequestHash != created().RequestHash || after.GenerationID != before.GenerationID || after.Attempt != before.Attempt || after.State() != before.State() {
			t.Errorf("%s: it was %+v, and forgotten it is %+v", c, before, after)
		}
		redrive("after all")
		if again, _, _ := entries.Get(t.Context(), "job-1"); again.Execution != after.Execution {
			t.Errorf("%s: it is forgotten, and redriven as %s", c, again.Execution)
		}
		if outcome := s.machine(t.Context(), "job-1-r9", resume().Input); outcome != "InvalidRequest" {
			t.Errorf("%s: it is forgotten, and a redrive by hand ends with %s", c, outcome)
		}
		receipt, err := service.Start(t.Context(), "job-1", created().Request, video.Origin{Trigger: video.TriggerAPI})
		if err != nil || !receipt.Known || len(e.executions) > after.Redrives+1 {
			t.Errorf("%s: the same request again: %+v, %v", c, receipt, err)
		}
		file, manifest := s.stored("job-1")
		if len(s.accepted) > 1 || manifest != (after.State() == video.StateCompleted) || manifest && file == "" {
			t.Errorf("%s: paid %v, it is %s, with the file %q and a manifest: %v", c, s.accepted, after.State(), file, manifest)
		}
	})
	return calls, own
}

// TestForgottenAtEveryPoint stops a job's execution before and after each of its calls. It
// settles the job at once or later, and forgets it while its invocation runs to its end. That is
// crossed with each fault of Forget's calls, and with a redrive that runs to its end before or
// after each of them.
func TestForgottenAtEveryPoint(t *testing.T) {
	t.Parallel()
	plays := 0
	for _, begun := range starts() {
		play := func(c forgetting) ([]string, []string) { plays++; return c.run(t) }
		calls, _ := play(forgetting{begun: begun})
		for i := range calls {
			for _, h := range []fault{hold, holdAfter} {
				for _, settled := range []bool{false, true} {
					c := forgetting{begun: begun, settled: settled, plan: map[int]fault{i: h}}
					_, own := play(c)
					for j := range own {
						for _, f := range append(faultsOf(own[j]), hold, holdAfter) {
							c.own = map[int]fault{j: f}
							play(c)
						}
					}
				}
			}
		}
	}
	t.Logf("%d plays of a job that is forgotten", plays)
}
