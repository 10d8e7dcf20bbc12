package drive

import (
	"context"
	"maps"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/takeup/takeup/test/chaos/world"
)

// follow adds a job to those that watch watches for the end of their last round. The slot that a
// job holds is freed once no execution of it runs.
func (d *Driver) follow(j *world.Job, slot bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.pending[j] = slot
}

// watch waits for jobs to end, until ctx is over. Meanwhile only watch records what was seen of
// a job.
func (d *Driver) watch(ctx context.Context) error {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := d.collect(ctx); err != nil && ctx.Err() == nil {
			return err
		}
	}
}

func (d *Driver) collect(ctx context.Context) error {
	d.mu.Lock()
	pending, sent := maps.Clone(d.pending), d.sent
	d.mu.Unlock()
	machine := d.World.Stack.Outputs["StateMachineArn"]
	reply, err := d.World.StepFunctions.ListExecutions(ctx, &sfn.ListExecutionsInput{StateMachineArn: &machine, StatusFilter: types.ExecutionStatusRunning, MaxResults: 1000})
	if err != nil {
		return err
	}
	running := map[string]bool{}
	for _, e := range reply.Executions {
		running[d.World.Names.OfExecution(*e.Name)] = true
	}
	for j, slot := range pending {
		if j.ID == "" || running[j.Name] {
			continue
		}
		seen, err := d.World.Outcome(ctx, j)
		if err != nil {
			return err
		}
		if seen == nil || seen.Status == string(types.ExecutionStatusRunning) {
			continue
		}
		if slot {
			<-d.slots
		}
		d.mu.Lock()
		if d.pending[j] = false; d.over(j, seen, sent) {
			if j.Round().Seen = seen; j.Ended.IsZero() {
				j.Ended = time.Now()
			}
			delete(d.pending, j)
		}
		d.mu.Unlock()
	}
	return nil
}

// over reports whether a job's round ended with what was seen of it. Another run of its batch may
// change that. A round that was stopped by hand may begin anew by what is still to be sent, and the functions that ran may have continued
// for as long as their timeout.
func (d *Driver) over(j *world.Job, seen *world.Outcome, sent bool) bool {
	if !seen.Settled() || j.Batch != nil && !j.Batch.Resting.Load() {
		return false
	}
	r := j.Round()
	return r.Hands == 0 && seen.Name() != world.Interrupted ||
		sent && time.Since(r.Stopped) > max(d.World.Options.Times.SubmitTimeout, d.World.Options.Times.CheckTimeout, d.World.Options.Times.StoreTimeout)
}

// drain waits until every job has ended and is settled, or ctx is over. Jobs that still run then
// are left alone, and their slots are freed.
func (d *Driver) drain(ctx context.Context) {
	d.mu.Lock()
	d.sent = true
	d.mu.Unlock()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		d.mu.Lock()
		n := len(d.pending)
		d.mu.Unlock()
		if n == 0 {
			return
		}
		select {
		case <-ctx.Done():
			d.mu.Lock()
			clear(d.pending)
			d.mu.Unlock()
			for len(d.slots) > 0 {
				<-d.slots
			}
			return
		case <-tick.C:
		}
	}
}

// LookAgain reads every job a second time, once nothing runs.
func (d *Driver) LookAgain(ctx context.Context) error {
	for _, j := range d.World.Jobs {
		if j.Round().Seen == nil || j.Round().Again != nil {
			continue
		}
		seen, err := d.World.Outcome(ctx, j)
		if err != nil {
			return err
		}
		j.Round().Again = seen
	}
	return nil
}
