package cli

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/api/client"
	devstack "github.com/takeup/takeup/internal/dev/stack"
	"github.com/takeup/takeup/internal/video"
)

// What a job usually takes, as long as the API doesn't say: with the stand-in,
// its time and that of the steps around it; with the provider, a little more
// than its own sample.
const (
	usualStandIn  = (devstack.JobSeconds + 2) * time.Second
	usualProvider = 90 * time.Second
)

// maker makes videos by an API.
type maker struct {
	world    *world
	delivery delivery
	api      apiAccess
	back     func(id string) string
	storing  func(ctx context.Context, id string) bool
	// passing says that the stack ends with the command.
	passing bool
}

// events is where is told what happens: beside the JSON, where that is asked for.
func (m *maker) events() io.Writer {
	if m.delivery.json {
		return m.world.err
	}
	return m.world.out
}

func (m *maker) watcher() *watcher {
	usual := usualProvider
	if m.api.free {
		usual = usualStandIn
	}
	return &watcher{
		world: m.world, api: m.api, back: m.back, storing: m.storing,
		show: newDisplay(m.world, m.events(), usual),
	}
}

// start starts a job, and doesn't wait for it.
func (m *maker) start(ctx context.Context, request video.Request, key string) error {
	id, err := m.create(ctx, request, key)
	if err != nil {
		return err
	}
	if m.delivery.json {
		return printJSON(m.world.out, struct {
			ID     string `json:"id"`
			Status string `json:"status"`
		}{id, client.Queued})
	}
	fmt.Fprintln(m.world.out, id)
	fmt.Fprintf(m.world.err, "started; wait for it and download it with\n  %s\n", m.back(id))
	return nil
}

// made starts a job, waits for its outcome, downloads the video and prints what
// happens. It returns the job's id, which is empty unless a job is known to have been
// started.
func (m *maker) made(ctx context.Context, request video.Request, key string) (id string, err error) {
	w := m.watcher()
	defer w.show.close()
	if id, err = m.create(ctx, request, key); err != nil {
		return "", err
	}
	w.show.line("job %s: %s%s", id, request, m.price(ctx, request))
	return id, m.finish(ctx, w, id, true)
}

// price says what a request will cost, for the end of a line; nothing where that can't
// be told. The job is started by then, and doesn't wait for it.
func (m *maker) price(ctx context.Context, request video.Request) string {
	checked, err := m.api.Check(ctx, request)
	if err != nil || checked.Price == nil {
		return ""
	}
	return ", " + amountText(checked.Price)
}

// finish follows a job to its end, and downloads its video.
func (m *maker) finish(ctx context.Context, w *watcher, id string, fresh bool) error {
	done, err := w.watch(ctx, id, fresh)
	var without *noVideo
	if err != nil {
		w.show.close()
		if m.delivery.json && errors.As(err, &without) {
			return errors.Join(printJSON(m.world.out, saved{Video: done}), err)
		}
		return err
	}
	got, err := w.save(ctx, done, m.delivery.output, m.delivery.force)
	w.show.close() // before the last lines: nothing is estimated any more
	if err != nil {
		return err
	}
	w.show.event("done")
	if m.delivery.json {
		return printJSON(m.world.out, got)
	}
	m.summary(got, w.show.took())
	return nil
}

// create starts the job. Where it may have been started without an answer, it
// says how to find out without paying twice.
func (m *maker) create(ctx context.Context, request video.Request, key string) (string, error) {
	id, err := m.api.Create(ctx, request, key)
	var refused *client.Refused
	if err == nil || errors.As(err, &refused) && !refused.Passing() {
		return id, err
	}
	return "", fmt.Errorf("%w\nwhether the job was started is not known; give the same command again with --idempotency-key %s: it is the same video, paid once", err, key)
}

func (m *maker) summary(got saved, took time.Duration) {
	note := ""
	if !got.Fetched {
		note = ", which was there already"
	}
	fmt.Fprintf(m.world.out, "video  %s, %s%s\n", got.File, bytesText(got.Manifest.Bytes), note)
	if m.api.bucket != "" && !m.passing {
		fmt.Fprintf(m.world.out, "S3     s3://%s/%s\n", m.api.bucket, video.FileKey(got.ID))
	}
	fmt.Fprintf(m.world.out, "time   %.1f s\n", took.Seconds())
	cost := costText(got.Cost)
	if m.api.free {
		cost += ", by the stand-in: nobody paid"
	}
	fmt.Fprintf(m.world.out, "cost   %s\n", cost)
}

// notReady is a job that has no video yet, and is not to be waited for.
type notReady struct{ ID, Status, Back string }

func (e *notReady) Error() string {
	return fmt.Sprintf("job %s is %s and has no video yet; wait for it with\n  %s", e.ID, e.Status, e.Back)
}

// fetch downloads one video.
func (m *maker) fetch(cmd *cobra.Command, id string, stay bool) error {
	ctx := cmd.Context()
	if stay {
		got, err := m.api.Video(ctx, id)
		if err == nil && !got.Ended() {
			err = &notReady{ID: id, Status: got.Status, Back: m.back(id)}
		}
		if err != nil {
			return err
		}
	}
	w := m.watcher()
	defer w.show.close()
	return m.finish(ctx, w, id, false)
}

// newKey makes an Idempotency-Key.
func newKey(random io.Reader) (string, error) {
	key := make([]byte, 16)
	if _, err := io.ReadFull(random, key); err != nil {
		return "", fmt.Errorf("making an Idempotency-Key: %w", err)
	}
	return hex.EncodeToString(key), nil
}
