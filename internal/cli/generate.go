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
	"github.com/takeup/takeup/internal/bucket/objectkey"
	"github.com/takeup/takeup/internal/dev/stack"
	"github.com/takeup/takeup/internal/video"
)

// What a job usually takes, as long as the API doesn't say: with the stand-in,
// its time and that of the steps around it; with the provider, a little more
// than its own sample.
const (
	usualStandIn  = (stack.JobSeconds + 2) * time.Second
	usualProvider = 90 * time.Second
)

func newGenerate(w *world) *cobra.Command {
	var (
		t    target
		o    order
		key  string
		out  delivery
		stay bool
	)
	cmd := &cobra.Command{
		Use: "generate [PROMPT]", GroupID: groupVideos, Args: arguments(0, 1),
		Short: "Generate a video from a prompt, wait for it and download it",
		Long: `Generates a video from a prompt: an argument, a file, or standard input. It
waits for the video, with a progress bar in a terminal and a line for each event
elsewhere, and downloads it to ID.mp4.

The request is checked before anything is sent. It is sent with an
Idempotency-Key, so that trying again is still one video, paid once. Ctrl-C
leaves the job running, and says how to come back to it.`,
		Example: `  takeup generate "a paper boat crosses a flooded street"
  takeup generate --duration 10 --aspect-ratio 9:16 --file prompt.txt --output videos/
  echo "a paper boat" | takeup generate --no-wait --json | jq -r .id`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			if err := out.check(); err != nil {
				return err
			}
			request, err := o.request(w, args)
			if err != nil {
				return err
			}
			access, err := t.api(ctx, w)
			if err != nil {
				return err
			}
			if key == "" {
				if key, err = w.newKey(); err != nil {
					return err
				}
			}
			m := maker{world: w, api: access, delivery: out, back: out.back(w, &t)}
			if stay {
				return m.start(ctx, request, key)
			}
			return m.make(ctx, request, key)
		},
	}
	o.flags(cmd)
	cmd.Flags().BoolVar(&stay, "no-wait", false, "start the job, print its id and don't wait")
	out.flags(cmd)
	cmd.Flags().StringVar(&key, "idempotency-key", "", "the `key` that makes a request that is sent again the same video; a new one unless given")
	complete(cmd, "idempotency-key", nil)
	t.apiFlags(cmd)
	return cmd
}

// newKey makes an Idempotency-Key.
func (w *world) newKey() (string, error) {
	key := make([]byte, 16)
	if _, err := io.ReadFull(w.random, key); err != nil {
		return "", fmt.Errorf("making an Idempotency-Key: %w", err)
	}
	return hex.EncodeToString(key), nil
}

// delivery is where videos go, and how they are told of.
type delivery struct {
	output string
	force  bool
	json   bool
}

func (d *delivery) flags(cmd *cobra.Command) {
	set := cmd.Flags()
	set.StringVarP(&d.output, "output", "o", ".", "the `directory` for the video, or the name of its file")
	set.BoolVar(&d.force, "force", false, "replace a file that is there with other content")
	jsonFlag(cmd, &d.json)
}

// check refuses an output that no video can go to, before anything is sent or
// waited for. What a job's id makes part of the name is looked at later.
func (d *delivery) check() error {
	switch {
	case d.output == "-":
		return &usageError{errors.New("--output takes a directory or a file; a video is checked before it is given on")}
	case intoDirectory(d.output):
		return nil
	}
	err := client.CheckTarget(d.output)
	var unusable *client.Unusable
	if errors.As(err, &unusable) {
		return &usageError{err}
	}
	return err
}

// back gives the command that comes back to a job.
func (d *delivery) back(w *world, t *target) func(id string) string {
	return func(id string) string {
		words := append([]string{"download"}, t.words()...)
		if d.output != "." {
			words = append(words, "--output", d.output)
		}
		return w.typed(append(words, id)...)
	}
}

// maker makes videos by an API.
type maker struct {
	*world
	delivery
	api     apiAccess
	back    func(id string) string
	storing func(ctx context.Context, id string) bool
	// passing says that the stack ends with the command.
	passing bool
}

// events is where is told what happens: beside the JSON, where that is asked for.
func (m *maker) events() io.Writer {
	if m.json {
		return m.err
	}
	return m.out
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
	if m.json {
		return printJSON(m.out, struct {
			ID     string      `json:"id"`
			Status video.State `json:"status"`
		}{id, video.StateQueued})
	}
	fmt.Fprintln(m.out, id)
	fmt.Fprintf(m.err, "started; wait for it and download it with\n  %s\n", m.back(id))
	return nil
}

// make starts a job, waits for its end, downloads the video and tells of it all.
func (m *maker) make(ctx context.Context, request video.Request, key string) error {
	_, err := m.made(ctx, request, key)
	return err
}

// made is make that gives the job's id. It is empty where no job is known to have
// been started.
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
		if m.json && errors.As(err, &without) {
			return errors.Join(printJSON(m.out, saved{Video: done}), err)
		}
		return err
	}
	got, err := w.save(ctx, done, m.output, m.force)
	w.show.close() // before the last lines: nothing is estimated any more
	if err != nil {
		return err
	}
	w.show.event("done")
	if m.json {
		return printJSON(m.out, got)
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
	fmt.Fprintf(m.out, "video  %s, %s%s\n", got.File, bytesText(got.Manifest.Bytes), note)
	if m.api.bucket != "" && !m.passing {
		fmt.Fprintf(m.out, "S3     s3://%s/%s\n", m.api.bucket, objectkey.Video(got.ID))
	}
	fmt.Fprintf(m.out, "time   %.1f s\n", took.Seconds())
	cost := costText(got.Cost)
	if m.api.free {
		cost += ", by the stand-in: nobody paid"
	}
	fmt.Fprintf(m.out, "cost   %s\n", cost)
}
