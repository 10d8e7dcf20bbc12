package drive

import (
	"context"
	"fmt"
	"net/http"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/video/execname"
	"github.com/takeup/takeup/test/chaos/world"
)

// mostRounds is the maximum number of redrives of a job. In the last calmedRounds of them no
// execution is stopped, so that every job ends.
const (
	mostRounds   = 5
	calmedRounds = 2
)

// RedriveAll redrives every job whose outcome can be resumed. It repeats that for jobs that were
// interrupted while they were redriven, and for those whose outcomes say that the provider
// could not be asked: after the hard deadline, a redrive asks it once.
func (d *Driver) RedriveAll(ctx context.Context) error {
	for n := range mostRounds {
		var next []*world.Job
		for _, j := range d.World.Jobs {
			if last := j.Last(); last != nil && last.CanRedrive() && (n == 0 || last.Name() == world.Interrupted || last.Unread()) {
				next = append(next, j)
			}
		}
		d.calmed.Store(n >= mostRounds-calmedRounds)
		if err := d.redriveThese(ctx, next); err != nil {
			return err
		}
	}
	return nil
}

// redriveThese redrives jobs and waits until they have ended.
func (d *Driver) redriveThese(ctx context.Context, these []*world.Job) error {
	ctx, stop := context.WithTimeout(ctx, d.World.Options.Limit(len(these)))
	defer stop()
	watching, done := context.WithCancel(ctx)
	watched := make(chan error, 1)
	go func() { watched <- d.watch(watching) }()
	for _, j := range these {
		select {
		case d.slots <- struct{}{}:
		case <-ctx.Done():
			continue
		}
		d.again(ctx, j)
		if err := d.redrive(ctx, j); err != nil && ctx.Err() == nil {
			d.World.Unexpected("job %s could not be redriven: %v", j.Name, err)
		}
		d.Events.Release(ctx, j.Name)
		d.follow(j, true)
	}
	d.drain(ctx)
	done()
	return <-watched
}

// redrive redrives a job, by the API or by hand.
func (d *Driver) redrive(ctx context.Context, j *world.Job) error {
	before, err := d.World.Entry(ctx, j.ID)
	if err != nil {
		return err
	}
	redrives := 0
	if before != nil {
		redrives = before.Redrives
	}
	if before != nil && d.World.Plan.Roll("redriven", j.Name, redrives) < 0.4 {
		d.World.Plan.Note("event", "redriven by hand", j.Name)
		name, err := d.unused(ctx, j.ID, redrives)
		if err != nil {
			return err
		}
		return d.start(ctx, name, fmt.Sprintf(`{"id":%q,"resume":true}`, j.ID))
	}
	d.World.Plan.Note("event", "redriven by the API", j.Name)
	return world.Persist(ctx, func() error {
		status, body, err := d.World.Call(ctx, http.MethodPost, api.PathOf(api.RedrivePath, j.ID))
		switch {
		case err != nil:
			return err
		case status == http.StatusConflict:
			// An earlier call may have started it.
			entry, err := d.World.Entry(ctx, j.ID)
			if err == nil && (entry == nil || entry.Redrives == redrives) {
				err = fmt.Errorf("status %d: %s", status, body)
			}
			return err
		case status != http.StatusAccepted:
			return fmt.Errorf("status %d: %s", status, body)
		}
		return nil
	})
}

// unused returns the next name for an execution of a job. An execution that was stopped before
// it reached the job has used up its name.
func (d *Driver) unused(ctx context.Context, id string, redrives int) (string, error) {
	for n := redrives + 1; ; n++ {
		name := execname.Of(id, n)
		if execution, err := d.World.Describe(ctx, name); err != nil || execution == nil {
			return name, err
		}
	}
}
