package drive

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/takeup/takeup/internal/wait"
	"github.com/takeup/takeup/test/chaos/faults"
	"github.com/takeup/takeup/test/chaos/world"
)

// stopped is the share of the rounds in which an execution is stopped by hand, relative to the
// share of the calls that fail.
const stopped = 1.5

// The stages at which executions are stopped that are not calls.
const (
	atOnce     = "at once"
	byTheClock = "by the clock"
)

// stage is a point at which executions are stopped.
type stage struct {
	kind string
	most int // before one of the first calls, up to this number
}

// stages are where executions are stopped, most of them before a call of a kind. A round with
// fewer such calls isn't stopped.
var stages = []stage{
	{atOnce, 0}, {byTheClock, 0}, {byTheClock, 0},
	{"table get job", 6}, {"table put job", 6}, {"create", 2}, {"logs", 2}, {"retrieve", 4},
	{"s3 get manifest", 1}, {"s3 get video", 1}, {"download", 2}, {"s3 put video", 1}, {"s3 put manifest", 1},
}

// batchStages are where the runs of batches are stopped.
var batchStages = []stage{
	{atOnce, 0}, {byTheClock, 0}, {"s3 get prompt", 1}, {"table get batch", 12}, {"s3 put batch plan", 3},
	{"s3 get batch request", 3}, {"s3 get batch plan", 2}, {"s3 put batch results", 2},
}

// batchStopped is like stopped, for the runs of batches. There are few of them.
const batchStopped = 3

// longestStop is the latest time after the beginning of its round at which an execution is
// stopped by the clock.
const longestStop = 8 * time.Second

// stop is the point at which a round of a job is stopped.
type stop struct {
	kind string
	left int           // calls of the kind until then; for other stages it stays 1
	at   time.Duration // since the round began, if by the clock
	line bool          // of a batch: only what looks after one of its lines is stopped
}

// stopOf returns where the n-th round of a job is stopped, if at all. A job whose submission
// can't be looked up isn't stopped.
func stopOf(p *faults.Plan, job string, n int) (stop, bool) {
	if p.Calm(job) {
		return stop{}, false
	}
	return stopAt(p, job, n, stopped, stages)
}

// batchStopOf returns where the n-th run of a batch is stopped, if at all. With it, its jobs are
// stopped, so each must be one whose submission can be looked up.
func batchStopOf(p *faults.Plan, b *world.Batch, n int) (stop, bool) {
	if slices.ContainsFunc(b.Jobs, func(j *world.Job) bool { return p.Calm(j.Name) }) {
		return stop{}, false
	}
	s, ok := stopAt(p, b.Name, n, batchStopped, batchStages)
	s.line = n == 0 && p.Roll("a line is stopped", b.Name) < 0.4 // the next run looks after it
	return s, ok
}

// stopAt chooses a stage, for a share of the rounds.
func stopAt(p *faults.Plan, name string, n int, share float64, stages []stage) (stop, bool) {
	if p.Roll("stopped", name, n) >= share*p.Share {
		return stop{}, false
	}
	stage := stages[int(p.Roll("stage", name, n)*float64(len(stages)))]
	at := p.Roll("stopped at", name, n)
	s := stop{kind: stage.kind, left: 1 + int(at*float64(stage.most))}
	if stage.kind == byTheClock {
		s.at = time.Duration(at * float64(longestStop))
	}
	return s, true
}

// Reached stops the execution of a job or a batch if its plan says so, before a call of a kind is
// carried out. One that isn't running yet is stopped at the next call.
func (d *Driver) Reached(ctx context.Context, kind, name string) {
	name = faults.Owner(name)
	d.mu.Lock()
	s := d.stops[name]
	if s != nil && kind == s.kind {
		s.left--
	}
	due := s != nil && s.left <= 0
	d.mu.Unlock()
	if due {
		d.stopNow(ctx, name, "before "+kind)
	}
}

// arm plans the stop of the round of a job that begins now.
func (d *Driver) arm(ctx context.Context, j *world.Job) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s, ok := stopOf(d.World.Plan, j.Name, len(j.Rounds)-1)
	if !ok || d.calmed.Load() {
		delete(d.stops, j.Name)
		return
	}
	d.plan(ctx, j.Name, s)
}

// armBatch plans the stop of the run of a batch that begins now.
func (d *Driver) armBatch(ctx context.Context, b *world.Batch, n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.stops, b.Name)
	if s, ok := batchStopOf(d.World.Plan, b, n); ok {
		d.plan(ctx, b.Name, s)
	}
}

// plan plans a stop. The caller holds the lock.
func (d *Driver) plan(ctx context.Context, name string, s stop) {
	d.stops[name] = &s
	if s.kind == atOnce || s.kind == byTheClock {
		go d.stopFrom(ctx, name, s)
	}
}

// stopFrom stops a job's execution at a time, or as soon after it as there is one.
func (d *Driver) stopFrom(ctx context.Context, name string, s stop) {
	pause := s.at
	for range 500 {
		if wait.For(ctx, pause) != nil || d.stopNow(ctx, name, s.kind) {
			return
		}
		pause = 20 * time.Millisecond
	}
}

// stopNow stops the running execution of a job, as its operator does, unless its round has none
// to stop. It reports whether nothing is left to stop.
func (d *Driver) stopNow(ctx context.Context, name, when string) bool {
	d.mu.Lock()
	armed := d.stops[name] != nil
	d.mu.Unlock()
	if !armed {
		return true
	}
	if i := slices.IndexFunc(d.World.Batches, func(b *world.Batch) bool { return b.Name == name }); i >= 0 {
		return d.stopRun(ctx, d.World.Batches[i], when)
	}
	d.mu.Lock()
	j := d.World.ByName[name]
	id, n := j.ID, j.Rounds[len(j.Rounds)-1]
	d.mu.Unlock()
	if id == "" {
		return false
	}
	machine := d.World.Stack.Outputs["StateMachineArn"]
	reply, err := d.World.StepFunctions.ListExecutions(ctx, &sfn.ListExecutionsInput{StateMachineArn: &machine, StatusFilter: types.ExecutionStatusRunning, MaxResults: 1000})
	if err != nil {
		return false
	}
	for _, e := range reply.Executions {
		if d.World.Names.OfExecution(*e.Name) != name {
			continue
		}
		if _, err := d.World.StepFunctions.StopExecution(ctx, &sfn.StopExecutionInput{ExecutionArn: e.ExecutionArn}); err != nil {
			return false // it has just ended
		}
		d.World.Plan.Note("execution stopped", when, name)
		d.mu.Lock()
		n.Hands, n.Stopped = n.Hands+1, time.Now()
		delete(d.stops, name)
		d.mu.Unlock()
		return true
	}
	return false
}
