package chaos

import (
	"context"
	"maps"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// follow has the watch look for the end of a job's last round. A slot that the job has
// is free as soon as no execution of it runs.
func (d *driver) follow(j *job, slot bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.pending[j] = slot
}

// watch looks for jobs that have ended, until ctx is over. It is the only one that
// writes what was seen of a job meanwhile.
func (d *driver) watch(ctx context.Context) error {
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

func (d *driver) collect(ctx context.Context) error {
	d.mu.Lock()
	pending, sent := maps.Clone(d.pending), d.sent
	d.mu.Unlock()
	machine := d.world.stack.Outputs["StateMachineArn"]
	reply, err := d.world.sfn.ListExecutions(ctx, &sfn.ListExecutionsInput{StateMachineArn: &machine, StatusFilter: types.ExecutionStatusRunning, MaxResults: 1000})
	if err != nil {
		return err
	}
	running := map[string]bool{}
	for _, e := range reply.Executions {
		running[d.world.names.ofExecution(*e.Name)] = true
	}
	for j, slot := range pending {
		if j.id == "" || running[j.name] {
			continue
		}
		seen, err := d.world.see(ctx, j)
		if err != nil {
			return err
		}
		if seen == nil || seen.status == string(types.ExecutionStatusRunning) {
			continue
		}
		if slot {
			<-d.slots
		}
		d.mu.Lock()
		if d.pending[j] = false; d.over(j, seen, sent) {
			if j.round().seen = seen; j.ended.IsZero() {
				j.ended = time.Now()
			}
			delete(d.pending, j)
		}
		d.mu.Unlock()
	}
	return nil
}

// over reports whether what was seen of a job is how its round ended. Where it was
// stopped by hand, it may be begun anew by what is still to be sent, and what ran may
// have gone on, for as long as a function may take.
func (d *driver) over(j *job, seen *outcome, sent bool) bool {
	if !seen.settled() {
		return false
	}
	r := j.round()
	return r.hands == 0 && seen.name() != interrupted ||
		sent && time.Since(r.stopped) > max(d.world.o.Times.SubmitTimeout, d.world.o.Times.CheckTimeout, d.world.o.Times.StoreTimeout)
}

// drain waits until every job has ended and is settled, or ctx is over; then what
// still runs is left alone, and its slot is freed.
func (d *driver) drain(ctx context.Context) {
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

// lookAgain sees every job a second time, when nothing runs.
func (d *driver) lookAgain(ctx context.Context) error {
	for _, j := range d.world.jobs {
		if j.round().seen == nil || j.round().again != nil {
			continue
		}
		seen, err := d.world.see(ctx, j)
		if err != nil {
			return err
		}
		j.round().again = seen
	}
	return nil
}
