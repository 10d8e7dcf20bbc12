package generate

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/api/client"
	"github.com/takeup/takeup/internal/bucket/objectkey"
	"github.com/takeup/takeup/internal/cli/command"
	"github.com/takeup/takeup/internal/cli/money"
	"github.com/takeup/takeup/internal/cli/progress"
	"github.com/takeup/takeup/internal/cli/target"
	"github.com/takeup/takeup/internal/cli/term"
	devstack "github.com/takeup/takeup/internal/dev/stack"
	"github.com/takeup/takeup/internal/video"
)

// The expected time of a job until the API has an estimate: for the simulator its time and that
// of the steps around it, for the provider about its usual time.
const (
	usualSimulated = (devstack.JobSeconds + 2) * time.Second
	usualProvider  = 90 * time.Second
)

// Creator creates jobs through an API and follows them to their videos.
type Creator struct {
	Env     *command.Env
	Output  OutputOptions
	API     target.API
	Resume  func(id string) string
	Storing func(ctx context.Context, id string) bool
	// Ephemeral means that the stack is stopped with the command.
	Ephemeral bool
}

// events returns where progress is printed: stderr with --json, else stdout.
func (m *Creator) events() io.Writer {
	if m.Output.JSON {
		return m.Env.Err
	}
	return m.Env.Out
}

// Watcher returns a Watcher with a display of its own.
func (m *Creator) Watcher() *Watcher {
	usual := usualProvider
	if m.API.Simulated {
		usual = usualSimulated
	}
	return &Watcher{
		Env: m.Env, API: m.API, Resume: m.Resume, Storing: m.Storing,
		Display: progress.New(m.Env, m.events(), usual),
	}
}

// Start creates a job and doesn't wait for it.
func (m *Creator) Start(ctx context.Context, request video.Request, key string) error {
	id, err := m.create(ctx, request, key)
	if err != nil {
		return err
	}
	if m.Output.JSON {
		return term.JSON(m.Env.Out, struct {
			ID     string      `json:"id"`
			Status video.State `json:"status"`
		}{id, video.StateQueued})
	}
	fmt.Fprintln(m.Env.Out, id)
	fmt.Fprintf(m.Env.Err, "started; wait for the video and download it with\n  %s\n", m.Resume(id))
	return nil
}

// Generate creates a job, waits for its outcome, downloads the video and prints the progress. It
// returns the job's id, which is empty unless a job is known to exist.
func (m *Creator) Generate(ctx context.Context, request video.Request, key string) (id string, err error) {
	w := m.Watcher()
	defer w.Display.Close()
	if id, err = m.create(ctx, request, key); err != nil {
		return "", err
	}
	w.Display.Line("job %s: %s%s", id, request, m.price(ctx, request))
	return id, m.finish(ctx, w, id, true)
}

// price formats the price of a request for the end of a line, or returns "" if it is unknown.
// The job is started by then, and doesn't wait for it.
func (m *Creator) price(ctx context.Context, request video.Request) string {
	checked, err := m.API.Check(ctx, request)
	if err != nil || checked.Price == nil {
		return ""
	}
	return ", " + money.Price(checked.Price)
}

// finish follows a job to its outcome, and downloads its video.
func (m *Creator) finish(ctx context.Context, w *Watcher, id string, fresh bool) error {
	done, err := w.Watch(ctx, id, fresh)
	var without *NoVideo
	if err != nil {
		w.Display.Close()
		if m.Output.JSON && errors.As(err, &without) {
			return errors.Join(term.JSON(m.Env.Out, Saved{Video: done}), err)
		}
		return err
	}
	got, err := w.save(ctx, done, m.Output.Path, m.Output.Force)
	w.Display.Close() // before the last lines, since nothing is left to estimate
	if err != nil {
		return err
	}
	w.Display.Event("done")
	if m.Output.JSON {
		return term.JSON(m.Env.Out, got)
	}
	m.summary(got, w.Display.Took())
	return nil
}

// create creates the job. If no answer says whether it was created, the error says how to find
// out without paying twice.
func (m *Creator) create(ctx context.Context, request video.Request, key string) (string, error) {
	id, err := m.API.Create(ctx, request, key)
	var refused *client.Refused
	if err == nil || errors.As(err, &refused) && !refused.Passing() {
		return id, err
	}
	return "", fmt.Errorf("%w\nit is unknown whether the job was started; run the same command again with --idempotency-key %s: it is the same video, paid once", err, key)
}

func (m *Creator) summary(got Saved, took time.Duration) {
	note := ""
	if !got.Fetched {
		note = ", which existed already"
	}
	fmt.Fprintf(m.Env.Out, "video  %s, %s%s\n", got.File, term.Bytes(got.Manifest.Bytes), note)
	if m.API.Bucket != "" && !m.Ephemeral {
		fmt.Fprintf(m.Env.Out, "S3     %s\n", objectkey.URI(m.API.Bucket, objectkey.Video(video.Locator{ID: got.ID, CreatedAt: got.CreatedAt})))
	}
	fmt.Fprintf(m.Env.Out, "time   %.1f s\n", took.Seconds())
	cost := money.Cost(got.Cost)
	if m.API.Simulated {
		cost += ", simulated: nobody paid"
	}
	fmt.Fprintf(m.Env.Out, "cost   %s\n", cost)
}

// NotReady is the error for a job that has no video yet, if the command doesn't wait.
type NotReady struct {
	ID     string
	Status video.State
	Resume string
}

func (e *NotReady) Error() string {
	return fmt.Sprintf("job %s is %s and has no video yet; wait for it with\n  %s", e.ID, e.Status, e.Resume)
}

// Download waits for a job's video and downloads it. With noWait it doesn't wait.
func (m *Creator) Download(cmd *cobra.Command, id string, noWait bool) error {
	ctx := cmd.Context()
	if noWait {
		got, err := m.API.Video(ctx, id)
		if err == nil && !got.Ended() {
			err = &NotReady{ID: id, Status: got.Status, Resume: m.Resume(id)}
		}
		if err != nil {
			return err
		}
	}
	w := m.Watcher()
	defer w.Display.Close()
	return m.finish(ctx, w, id, false)
}

// NewKey returns a new Idempotency-Key.
func NewKey(random io.Reader) (string, error) {
	key := make([]byte, 16)
	if _, err := io.ReadFull(random, key); err != nil {
		return "", fmt.Errorf("making an Idempotency-Key: %w", err)
	}
	return hex.EncodeToString(key), nil
}
