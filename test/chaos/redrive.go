package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/takeup/takeup/internal/api"
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
func (w *world) redriveAll(ctx context.Context) error {
	for n := range mostRounds {
		var next []*job
		for _, j := range w.jobs {
			if last := j.last(); last != nil && last.canRedrive() && (n == 0 || last.name() == interrupted || last.unread()) {
				next = append(next, j)
			}
		}
		w.calmed.Store(n >= mostRounds-calmedRounds)
		if err := w.redriveThese(ctx, next); err != nil {
			return err
		}
	}
	return nil
}

// redriveThese redrives jobs, and waits until they have ended.
func (w *world) redriveThese(ctx context.Context, these []*job) error {
	ctx, stop := context.WithTimeout(ctx, w.o.limit(len(these)))
	defer stop()
	watching, done := context.WithCancel(ctx)
	watched := make(chan error, 1)
	go func() { watched <- w.watch(watching) }()
	for _, j := range these {
		select {
		case w.slots <- struct{}{}:
		case <-ctx.Done():
			continue
		}
		w.again(ctx, j)
		if err := w.redrive(ctx, j); err != nil && ctx.Err() == nil {
			w.oddly("job %s could not be redriven: %v", j.name, err)
		}
		w.events.release(ctx, j.name)
		w.follow(j, true)
	}
	w.drain(ctx)
	done()
	return <-watched
}

// redrive goes on with a job, by the API or by hand.
func (w *world) redrive(ctx context.Context, j *job) error {
	before, err := w.entry(ctx, j.id)
	if err != nil {
		return err
	}
	redrives := 0
	if before != nil {
		redrives = before.Redrives
	}
	if before != nil && w.plan.roll("redriven", j.name, redrives) < 0.4 {
		w.plan.note("event", "redriven by hand", j.name)
		name, err := w.unused(ctx, j.id, redrives)
		if err != nil {
			return err
		}
		return w.start(ctx, name, fmt.Sprintf(`{"id":%q,"resume":true}`, j.id))
	}
	w.plan.note("event", "redriven by the API", j.name)
	return persist(ctx, func() error {
		status, body, err := w.call(ctx, http.MethodPost, api.PathOf(api.RedrivePath, j.id))
		switch {
		case err != nil:
			return err
		case status == http.StatusConflict:
			// A call before this one may have started it.
			entry, err := w.entry(ctx, j.id)
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
func (w *world) unused(ctx context.Context, id string, redrives int) (string, error) {
	for n := redrives + 1; ; n++ {
		name := video.ExecutionName(id, n)
		if execution, err := w.describe(ctx, name); err != nil || execution == nil {
			return name, err
		}
	}
}

// call calls the API with its token.
func (w *world) call(ctx context.Context, method, path string) (int, []byte, error) {
	r, err := http.NewRequestWithContext(ctx, method, w.stack.API+path, http.NoBody)
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Authorization", "Bearer "+w.stack.Token)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, body, err
}

// get decodes what the API answers to a GET, and tries until it does.
func (w *world) get(ctx context.Context, path string, out any) error {
	return persist(ctx, func() error {
		status, body, err := w.call(ctx, http.MethodGet, path)
		switch {
		case err != nil:
			return err
		case status != http.StatusOK:
			return fmt.Errorf("status %d: %s", status, body)
		}
		return json.Unmarshal(body, out)
	})
}
