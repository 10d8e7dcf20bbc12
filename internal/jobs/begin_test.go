package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/jobs/runs"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/report"
)

// The faults of a call.
const (
	failsBefore   = "fails before"
	failsAfter    = "fails after" // after the call took effect
	crashesBefore = "crashes before"
	crashesAfter  = "crashes after"
	another       = "another starts it before"
)

var errPlanned = errors.New("the plan made it fail")

type crashed struct{}

// faulty is a table and a machine whose calls fail by a plan.
type faulty struct {
	jobs.Table
	machine *machine
	ledger  ledger
	calls   int
	plan    map[int]string
	other   func()
}

func (f *faulty) do(effect func()) error {
	f.calls++
	switch f.plan[f.calls-1] {
	case failsBefore:
		return errPlanned
	case failsAfter:
		effect()
		return errPlanned
	case crashesBefore:
		panic(crashed{})
	case crashesAfter:
		effect()
		panic(crashed{})
	case another:
		f.other()
	}
	effect()
	return nil
}

func (f *faulty) Get(ctx context.Context, id string) (entry video.Entry, version string, err error) {
	if planned := f.do(func() { entry, version, err = f.ledger.Get(ctx, id) }); planned != nil {
		return video.Entry{}, "", planned
	}
	return entry, version, err
}

func (f *faulty) Create(ctx context.Context, entry video.Entry) (written video.Entry, version string, err error) {
	if planned := f.do(func() { written, version, err = f.ledger.Create(ctx, entry) }); planned != nil {
		return video.Entry{}, "", planned
	}
	return written, version, err
}

func (f *faulty) Update(ctx context.Context, entry video.Entry, read string) (written video.Entry, version string, err error) {
	if planned := f.do(func() { written, version, err = f.ledger.Update(ctx, entry, read) }); planned != nil {
		return video.Entry{}, "", planned
	}
	return written, version, err
}

func (f *faulty) PutProgress(ctx context.Context, id string, progress report.Progress) (err error) {
	if planned := f.do(func() { err = f.ledger.PutProgress(ctx, id, progress) }); planned != nil {
		return planned
	}
	return err
}

func (f *faulty) StartExecution(ctx context.Context, in *sfn.StartExecutionInput, _ ...func(*sfn.Options)) (out *sfn.StartExecutionOutput, err error) {
	if planned := f.do(func() { out, err = f.machine.StartExecution(ctx, in) }); planned != nil {
		return nil, planned
	}
	return out, err
}

func (f *faulty) DescribeExecution(ctx context.Context, in *sfn.DescribeExecutionInput, _ ...func(*sfn.Options)) (out *sfn.DescribeExecutionOutput, err error) {
	if planned := f.do(func() { out, err = f.machine.DescribeExecution(ctx, in) }); planned != nil {
		return nil, planned
	}
	return out, err
}

func (f *faulty) StopExecution(ctx context.Context, in *sfn.StopExecutionInput, _ ...func(*sfn.Options)) (out *sfn.StopExecutionOutput, err error) {
	if planned := f.do(func() { out, err = f.machine.StopExecution(ctx, in) }); planned != nil {
		return nil, planned
	}
	return out, err
}

// TestStartedOnceWhateverFails starts or redrives a job with each fault, and each pair of
// faults, in its calls, and asks again until it gets an answer. The job has one execution, the
// one that its item names. It is reported as known only if it is marked as started.
func TestStartedOnceWhateverFails(t *testing.T) {
	boat := request(t, "a boat")
	canonical, _ := boat.MarshalJSON()
	entry := video.Entry{ID: "a", Request: boat, RequestHash: boat.Hash(), Execution: "a"}
	started := entry
	started.Started = true
	ended := started
	ended.Phase, ended.Outcome = video.PhaseRefused, video.NewOutcome(&video.OutOfCredits{}, began)
	for _, initial := range []struct {
		name    string
		entry   *video.Entry
		aborted bool
		redrive bool
	}{
		{name: "new"},
		{name: "created", entry: &entry},
		{name: "started, and aborted", entry: &started, aborted: true},
		{name: "aborted before the table had it", aborted: true},
		{name: "redriven", entry: &ended, aborted: true, redrive: true},
		{name: "redriven before it was started", entry: &entry, redrive: true},
		{name: "redriven before the table had it", aborted: true, redrive: true},
	} {
		t.Run(initial.name, func(t *testing.T) {
			ask := func(l jobs.Table, m runs.StepFunctions) (known bool, err error) {
				defer func() {
					if r := recover(); r != nil {
						if _, ok := r.(crashed); !ok {
							panic(r)
						}
						err = errPlanned
					}
				}()
				if initial.redrive {
					_, err := service(t, l, manifests{}, m).Redrive(t.Context(), "a")
					if not := (*jobs.NotRedriven)(nil); errors.As(err, &not) {
						return true, nil // the execution is running
					}
					return false, err
				}
				receipt, err := service(t, l, manifests{}, m).Start(t.Context(), "a", boat, video.Origin{Trigger: video.TriggerAPI})
				return receipt.Known, err
			}
			play := func(name string, plan map[int]string) int {
				f := &faulty{machine: &machine{executions: map[string]*sfn.DescribeExecutionOutput{}}, ledger: ledger{}, plan: plan}
				if initial.entry != nil {
					f.ledger["a"] = *initial.entry
				}
				if initial.aborted {
					f.machine.executions["a"] = execution(types.ExecutionStatusAborted, string(canonical))
				}
				f.other = func() {
					if _, err := ask(f.ledger, f.machine); err != nil {
						t.Errorf("%s: the other: %v", name, err)
					}
				}
				known, err := ask(f, f)
				calls := f.calls
				for range len(plan) {
					if err != nil {
						known, err = ask(f, f)
					}
				}
				running := 0
				for _, e := range f.machine.executions {
					if e.Status == types.ExecutionStatusRunning {
						running++
					}
				}
				job := f.ledger["a"]
				switch {
				case err != nil:
					t.Errorf("%s: %v", name, err)
				case running != 1 || len(f.machine.started) != 1:
					t.Errorf("%s: %d executions at once; started %v", name, running, f.machine.started)
				case job.Execution != f.machine.started[0]:
					t.Errorf("%s: the job names %s, and %s was started", name, job.Execution, f.machine.started[0])
				case known && !job.Started:
					t.Errorf("%s: called known, and is not marked as started", name)
				}
				return calls
			}
			eachPair(t, play)
		})
	}
}

// eachPair plays without faults, then with each fault at each call, and then with each pair of
// faults. A play returns the number of its calls.
func eachPair(t *testing.T, play func(name string, plan map[int]string) (calls int)) {
	t.Helper()
	faults := []string{failsBefore, failsAfter, crashesBefore, crashesAfter, another}
	plays := 0
	calls := play("undisturbed", nil)
	for i := range calls {
		for _, f := range faults {
			plays++
			plan := map[int]string{i: f}
			play(fmt.Sprintf("%s at %d", f, i), plan)
			for j := i + 1; j < 2*calls+4; j++ { // after a fault it is asked again
				for _, g := range faults {
					plays++
					both := maps.Clone(plan)
					both[j] = g
					play(fmt.Sprintf("%s at %d, %s at %d", f, i, g, j), both)
				}
			}
		}
	}
	t.Logf("%d plays", plays)
}
