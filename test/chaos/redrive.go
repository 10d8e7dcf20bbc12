package chaos

import (
	"context"
	"fmt"
	"net/http"

	"github.com/takeup/takeup/internal/video"
)

// mostRounds is how often a job is redriven at most. In the last ones no execution is
// stopped, so that every job comes to an end.
const (
	mostRounds   = 5
	calmedRounds = 2
)

// redriveAll goes on with every job whose outcome leaves something to go on with, and
// again with those that were interrupted while they were redriven, or whose outcomes say
// that the provider's records could not be read: a redrive looks there once where the
// hard deadline is over.
func (d *driver) redriveAll(ctx context.Context) error {
	for n := range mostRounds {
		var next []*job
		for _, j := range d.world.jobs {
			if last := j.last(); last != nil && last.canRedrive() && (n == 0 || last.name() == interrupted || last.unread()) {
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

// redriveThese redrives jobs, and waits until they have ended.
func (d *driver) redriveThese(ctx context.Context, these []*job) error {
	ctx, stop := context.WithTimeout(ctx, d.world.o.limit(len(these)))
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
			d.world.oddly("job %s could not be redriven: %v", j.name, err)
		}
		d.events.release(ctx, j.name)
		d.follow(j, true)
	}
	d.drain(ctx)
	done()
	return <-watched
}

// redrive goes on with a job, by the API or by hand.
func (d *driver) redrive(ctx context.Context, j *job) error {
	before, err := d.world.entry(ctx, j.id)
	if err != nil {
		return err
	}
	redrives := 0
	if before != nil {
		redrives = before.Redrives
	}
	if before != nil && d.world.plan.roll("redriven", j.name, redrives) < 0.4 {
		d.world.plan.note("event", "redriven by hand", j.name)
		name, err := d.unused(ctx, j.id, redrives)
		if err != nil {
			return err
		}
		return d.start(ctx, name, fmt.Sprintf(`{"id":%q,"resume":true}`, j.id))
	}
	d.world.plan.note("event", "redriven by the API", j.name)
	return persist(ctx, func() error {
		status, body, err := d.world.call(ctx, http.MethodPost, "/videos/"+j.id+"/redrive")
		switch {
		case err != nil:
			return err
		case status == http.StatusConflict:
			// A call before this one may have started it.
			entry, err := d.world.entry(ctx, j.id)
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

// unused is the next name for an execution of a job: one that was stopped before it came
// to the job has taken its name for good.
func (d *driver) unused(ctx context.Context, id string, redrives int) (string, error) {
	for n := redrives + 1; ; n++ {
		name := video.ExecutionName(id, n)
		if execution, err := d.world.describe(ctx, name); err != nil || execution == nil {
			return name, err
		}
	}
}
