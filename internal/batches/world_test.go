package batches_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/batches"
	"github.com/takeup/takeup/internal/batches/runfiles"
	"github.com/takeup/takeup/internal/bucket"
	"github.com/takeup/takeup/internal/bucket/s3test"
	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/jobs/arn"
	"github.com/takeup/takeup/internal/jobs/listing"
	"github.com/takeup/takeup/internal/jobs/runs"
	"github.com/takeup/takeup/internal/jobs/view"
	"github.com/takeup/takeup/internal/price"
	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/table/dynamotest"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/execname"
)

// world is a stack in memory. Executions of the state machines are started by world's methods.
type world struct {
	t       *testing.T
	table   *table.Table
	objects *s3test.Server
	service *batches.Service
	// serviceOf returns a service that cancels the jobs of a list.
	serviceOf func(batches.Jobs) *batches.Service
	intake    *batches.Intake
	engine    *batches.Engine
	jobs      *jobs.Service
	now       time.Time
	ahead     atomic.Int64 // is added to now, in nanoseconds; may be changed by goroutines
	// executions are those that were started, by ARN, with their status.
	executions map[string]*sfn.DescribeExecutionOutput
	batches    []string // inputs of executions that are not run yet
	versions   int
	paid       map[string]int // attempts by job
	outcome    func(id string) error
	price      price.Micros
}

const (
	jobMachine   = "arn:aws:states:eu-west-1:123456789012:stateMachine:TextToVideo"
	batchMachine = "arn:aws:states:eu-west-1:123456789012:stateMachine:Batch"
)

func machine(t *testing.T, text string) (a arn.ARN) {
	t.Helper()
	if err := a.UnmarshalText([]byte(text)); err != nil {
		t.Fatal(err)
	}
	return a
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{
		t: t, objects: s3test.New(t), now: time.Date(2026, 8, 21, 12, 0, 0, 0, time.UTC),
		executions: map[string]*sfn.DescribeExecutionOutput{}, paid: map[string]int{}, price: 980_000,
		outcome: func(string) error { return nil },
	}
	items := dynamotest.New(t).Client()
	var marks atomic.Int64
	mark := func() string { return fmt.Sprint("mark-", marks.Add(1)) }
	none := func(time.Duration) time.Duration { return 0 }
	now := func() time.Time { return w.now.Add(time.Duration(w.ahead.Load())) }
	w.table = table.New(items, "jobs", mark, none)
	bulk, files := table.NewBulk(items, "jobs", none), runfiles.NewObjects(w.objects.Client(), "videos", now)
	w.jobs = jobs.New(w.table, bucket.NewManifests(w.objects.Client(), "videos"), runs.New(w, machine(t, jobMachine)), now)
	executions := batches.NewExecutions(runs.New(w, machine(t, batchMachine)))
	w.serviceOf = func(list batches.Jobs) *batches.Service {
		return batches.New(w.table, list, bulk, files, executions, now)
	}
	w.service = w.serviceOf(w.jobs)
	w.intake = batches.NewIntake(w.table, executions, now)
	w.engine = &batches.Engine{
		Table: w.table, Items: bulk, Lines: w.jobs, Files: files, Prices: w, Times: w,
		MaxUnattended: 10_000_000, Now: now, Jitter: none, Log: slog.New(slog.DiscardHandler),
	}
	return w
}

// Price implements batch.Prices.
func (w *world) Price(context.Context, video.Request) (price.Estimate, error) {
	return price.Estimate{Basis: price.ByList, Least: w.price, Most: w.price}, nil
}

// Usual implements batch.Times.
func (w *world) Usual(context.Context, string, int) (time.Duration, bool) { return time.Minute, true }

func (w *world) StartExecution(_ context.Context, in *sfn.StartExecutionInput, _ ...func(*sfn.Options)) (*sfn.StartExecutionOutput, error) {
	name := strings.Replace(*in.StateMachineArn, ":stateMachine:", ":execution:", 1) + ":" + *in.Name
	if there := w.executions[name]; there != nil && (there.Status != types.ExecutionStatusRunning || *there.Input != *in.Input) {
		return nil, &types.ExecutionAlreadyExists{}
	} else if there != nil {
		return &sfn.StartExecutionOutput{}, nil
	}
	w.executions[name] = &sfn.DescribeExecutionOutput{Name: in.Name, Input: in.Input, Status: types.ExecutionStatusRunning, StartDate: aws.Time(w.now)}
	if *in.StateMachineArn == batchMachine {
		w.batches = append(w.batches, *in.Input)
	}
	return &sfn.StartExecutionOutput{}, nil
}

func (w *world) DescribeExecution(_ context.Context, in *sfn.DescribeExecutionInput, _ ...func(*sfn.Options)) (*sfn.DescribeExecutionOutput, error) {
	if found := w.executions[*in.ExecutionArn]; found != nil {
		return found, nil
	}
	return nil, &types.ExecutionDoesNotExist{}
}

func (w *world) StopExecution(context.Context, *sfn.StopExecutionInput, ...func(*sfn.Options)) (*sfn.StopExecutionOutput, error) {
	return nil, errors.New("an execution is stopped")
}

// put puts a file into the prompts bucket, which begins a run.
func (w *world) put(key, content string) batches.Arrived {
	w.t.Helper()
	w.objects.Put("prompts", key, []byte(content))
	w.versions++
	arrived, err := w.intake.Arrive(w.t.Context(), w.source(key, w.versions), false)
	if err != nil {
		w.t.Fatal(err)
	}
	return arrived
}

func (w *world) source(key string, version int) record.Source {
	return record.Source{Bucket: "prompts", Key: key, Version: fmt.Sprint(version), Versioned: true}
}

// step enters a step, and decodes what it returns.
func (w *world) step(task batches.Task, out any) {
	w.t.Helper()
	got, err := w.engine.Handle(w.t.Context(), task)
	if err != nil {
		w.t.Fatal(err)
	}
	text, err := json.Marshal(got)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := json.Unmarshal(text, out); err != nil {
		w.t.Fatal(err)
	}
}

// run runs the executions of the batches' state machine to their ends, line by line.
func (w *world) run() {
	w.t.Helper()
	for len(w.batches) > 0 {
		var in batches.Input
		if err := json.Unmarshal([]byte(w.batches[0]), &in); err != nil {
			w.t.Fatal(err)
		}
		w.batches = w.batches[1:]
		var planned batches.Planned
		w.step(batches.Task{Step: batches.StepPlan, Input: in}, &planned)
		if planned.Next == batches.GoRun {
			w.lines(in, planned)
		}
		if planned.Next != batches.GoEnd {
			w.step(batches.Task{Step: batches.StepReport, Input: in}, &batches.Report{})
		}
		w.executions[fmt.Sprintf("%s:%s-r%d", strings.Replace(batchMachine, ":stateMachine:", ":execution:", 1), in.Batch, in.Run)].Status = types.ExecutionStatusSucceeded
	}
}

func (w *world) lines(in batches.Input, planned batches.Planned) {
	w.t.Helper()
	items, there := w.objects.Object(planned.Bucket, planned.Key)
	if !there {
		w.t.Fatalf("there is no %s", planned.Key)
	}
	for line := range strings.Lines(string(items.Body)) {
		if strings.Contains(line, "boat") {
			w.t.Errorf("the items have texts: %s", line)
		}
		var item runfiles.Item
		if err := json.Unmarshal([]byte(line), &item); err != nil {
			w.t.Fatal(err)
		}
		w.line(batches.Task{Step: batches.StepLine, Input: in, Item: item})
	}
}

// line goes through the states of one line, and stops where it would wait.
func (w *world) line(task batches.Task) batches.Next {
	w.t.Helper()
	var next batches.Next
	for range 5 {
		next = batches.Next{}
		w.step(task, &next)
		if next.Do != batches.DoRun {
			return next
		}
		if !w.execute(next) {
			task.Visited = true
			continue
		}
		return next
	}
	w.t.Errorf("line %d has no end", task.Item.Line)
	return next
}

// execute runs a job's execution as Run does, and reports whether it succeeded.
func (w *world) execute(next batches.Next) bool {
	w.t.Helper()
	in := string(next.Input)
	if _, err := w.StartExecution(w.t.Context(), &sfn.StartExecutionInput{StateMachineArn: aws.String(jobMachine), Name: &next.Execution, Input: &in}); err != nil {
		return false
	}
	id, _ := execname.RedriveOf(next.Execution)
	entry, version, err := w.table.Get(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	entry.Started, entry.Outcome = true, nil
	entry.Phase, entry.Attempt, entry.ClaimedAt = video.PhaseClaimed, entry.Attempt+1, w.now
	entry.Reserve(int64(w.price), w.now)
	if entry, version, err = w.table.Claim(w.t.Context(), entry, version, budget.Limits{}); err != nil {
		w.t.Fatal(err)
	}
	w.paid[id]++
	execution := w.executions[strings.Replace(jobMachine, ":stateMachine:", ":execution:", 1)+":"+next.Execution]
	execution.Status = types.ExecutionStatusSucceeded
	if failure := w.outcome(id); failure != nil {
		w.paid[id]--
		execution.Status = types.ExecutionStatusFailed
		entry.Phase = ""
		entry.End(failure, w.now)
	} else {
		manifest := video.Manifest{ID: id, Bytes: 7, Seconds: 5, ChargedMicros: int64(w.price), StoredAt: w.now}
		entry.Phase, entry.Manifest = video.PhaseAccepted, &manifest
		entry.Book(budget.Spent, int64(w.price))
	}
	if _, _, err := w.table.Update(w.t.Context(), entry, version); err != nil {
		w.t.Fatal(err)
	}
	return execution.Status == types.ExecutionStatusSucceeded
}

// bought returns how many attempts were paid, and fails if a job was paid twice.
func (w *world) bought() (n int) {
	for id, times := range w.paid {
		if n += times; times > 1 {
			w.t.Errorf("job %s was paid %d times", id, times)
		}
	}
	return n
}

func (w *world) get(id string) batches.View {
	w.t.Helper()
	view, err := w.service.Get(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return view
}

// results reads the stored results of a batch.
func (w *world) results(id, extension string) string {
	w.t.Helper()
	object, there := w.objects.Object("videos", "batches/"+id+"/results."+extension)
	if !there {
		w.t.Fatalf("there are no results.%s", extension)
	}
	return string(object.Body)
}

// readAll reads the fresh results of a batch as text.
func (w *world) readAll(id string) string {
	w.t.Helper()
	var b strings.Builder
	for r, err := range w.service.Results(w.t.Context(), id) {
		if err != nil {
			w.t.Fatal(err)
		}
		fmt.Fprintf(&b, "%d %s %s %s\n", r.Line, r.Label, r.Status, r.Reason)
	}
	return b.String()
}

// listed lists some jobs without the delay of the index.
type listed struct {
	*jobs.Service
	ids []string
}

func (l listed) List(ctx context.Context, q listing.Query) (listing.Page, error) {
	views, err := l.Statuses(ctx, l.ids)
	views = slices.DeleteFunc(views, func(v view.View) bool { return !slices.Contains(q.States, v.State) })
	return listing.Page{Views: views}, err
}

// object returns an object of the videos bucket.
func (w *world) object(key string) string {
	w.t.Helper()
	object, there := w.objects.Object("videos", key)
	if !there {
		w.t.Fatalf("there is no %s", key)
	}
	return string(object.Body)
}

// item decodes a line of a file of items.
func item(t *testing.T, line string) (i runfiles.Item) {
	t.Helper()
	if err := json.Unmarshal([]byte(line), &i); err != nil {
		t.Fatal(err)
	}
	return i
}

func noList(context.Context) price.List { return price.List{} }

func neverCharged(context.Context, string, int) (int64, bool) { return 0, false }
