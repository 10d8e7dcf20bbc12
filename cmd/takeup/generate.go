package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"time"

	"github.com/takeup/takeup/internal/localstack"
	"github.com/takeup/takeup/internal/video"
)

// stateDir is where up leaves its stack.
const stateDir = ".takeup"

type generateCommand struct {
	Prompt   string        `arg:"" help:"What the video shows."`
	URL      string        `help:"The API's address; by default the local stack's." env:"TAKEUP_URL"`
	Token    string        `help:"The API's token; better given in the environment." env:"TAKEUP_TOKEN"`
	Out      string        `help:"The directory for the video." default:"out"`
	Expect   time.Duration `help:"How long it may take, which the progress bar measures by; by default what is usual."`
	Interval time.Duration `help:"The time between two looks." default:"2s"`

	Parameters parameters `embed:""`
}

// Run generates a video by a stack that is there.
func (c *generateCommand) Run(ctx context.Context, w *world) error {
	request, err := c.Parameters.request(c.Prompt)
	if err != nil {
		return explain(err)
	}
	order := order{request: request, out: c.Out, expect: expectProvider, interval: c.Interval}
	a := &api{world: w, base: c.URL, token: c.Token}
	if c.URL == "" {
		stack, err := localstack.Open(stateDir)
		if err != nil {
			return fmt.Errorf("%w; or give the address of a deployed one with --url", err)
		}
		a.base, a.token = stack.API, stack.Token
		order.bucket = stack.Outputs["VideosBucket"]
		if stack.Simulator != "" {
			order.expect, order.free = expectStandIn, true
		}
	}
	if c.Expect > 0 {
		order.expect = c.Expect
	}
	_, err = a.generate(ctx, order)
	return err
}

// order is a video to be made, and how the making is watched.
type order struct {
	request  video.Request
	out      string // the directory for the video
	bucket   string // the videos bucket, where it is known
	expect   time.Duration
	interval time.Duration
	free     bool // nobody is paid for it
	// storing reports whether a job's video is being stored: the API, as the
	// provider's, calls that generating. It may be nil.
	storing func(ctx context.Context, id string) bool
}

// jobFailed is a job that ended without a video, in the API's words.
type jobFailed struct {
	ID, Name, Message string
}

func (e *jobFailed) Error() string {
	return fmt.Sprintf("job %s ended with %s: %s", e.ID, e.Name, e.Message)
}

// generate sends the order, watches it, downloads the video and tells of it all.
// The id is empty where no job is known to have been started.
func (a *api) generate(ctx context.Context, o order) (id string, err error) {
	key := make([]byte, 16)
	if _, err := io.ReadFull(a.random, key); err != nil {
		return "", fmt.Errorf("making an Idempotency-Key: %w", err)
	}
	began := a.now()
	show := newDisplay(a.world, o.expect)
	defer show.close()
	job, err := a.create(ctx, o.request, hex.EncodeToString(key))
	if err != nil {
		return "", err
	}
	show.line("job %s: %s", job.ID, o.request)
	done, err := a.watch(ctx, o, show, job.ID)
	if err != nil {
		return job.ID, err
	}
	path := filepath.Join(o.out, job.ID+".mp4")
	size, err := a.save(ctx, done, path)
	if err != nil {
		return job.ID, err
	}
	show.close() // before the last line: nothing is estimated any more
	show.state("done")
	a.summary(o, done, path, size, a.now().Sub(began))
	return job.ID, nil
}

// watch follows a job to its end, and shows each state once.
func (a *api) watch(ctx context.Context, o order, show *display, id string) (generation, error) {
	for {
		got, err := a.retrieve(ctx, id)
		if err != nil {
			return got, fmt.Errorf("job %s was started and goes on, but can't be watched: %w", id, err)
		}
		switch got.Status {
		case "completed":
			if o.storing != nil && o.storing(ctx, id) {
				show.state("storing")
			}
			return got, nil
		case "error":
			failed := &jobFailed{ID: id, Name: "an error", Message: "the API gives no reason"}
			if got.Error != nil {
				failed.Name, failed.Message = got.Error.Name, got.Error.Message
			}
			return got, failed
		}
		state := got.Status
		if o.storing != nil && state == "generating" && o.storing(ctx, id) {
			state = "storing"
		}
		show.state(state)
		if err := a.sleep(ctx, o.interval); err != nil {
			return got, fmt.Errorf("job %s was started and goes on without being watched: %w", id, err)
		}
	}
}

// save downloads the video of a finished job. A failed download asks for a new
// URL, since they are short-lived, and is tried again.
func (a *api) save(ctx context.Context, done generation, path string) (int64, error) {
	for attempt := 1; ; attempt++ {
		if done.Video == nil || done.Video.URL == "" {
			return 0, fmt.Errorf("job %s is completed, and the API gives no URL of its video", done.ID)
		}
		size, err := a.download(ctx, done.Video.URL, path)
		var taken *occupied
		if err == nil || errors.As(err, &taken) || attempt == attempts || ctx.Err() != nil {
			return size, err
		}
		if err := a.sleep(ctx, time.Second<<(attempt-1)); err != nil {
			return 0, err
		}
		if done, err = a.retrieve(ctx, done.ID); err != nil {
			return 0, err
		}
	}
}

// creditsPerUSD is the provider's rate.
const creditsPerUSD = 2_000_000

func (a *api) summary(o order, done generation, path string, size int64, took time.Duration) {
	fmt.Fprintf(a.out, "video  %s, %s\n", path, bytesText(size))
	if o.bucket != "" {
		fmt.Fprintf(a.out, "S3     s3://%s/videos/%s/video.mp4\n", o.bucket, done.ID)
	}
	fmt.Fprintf(a.out, "time   %.1f s\n", took.Seconds())
	cost := "not known"
	if done.Meta != nil && done.Meta.Usage.Credits > 0 {
		credits := done.Meta.Usage.Credits
		cost = fmt.Sprintf("%.2f USD (%d credits)", float64(credits)/creditsPerUSD, credits)
	}
	if o.free {
		cost += ", by the stand-in: nobody paid"
	}
	fmt.Fprintf(a.out, "cost   %s\n", cost)
}

func bytesText(n int64) string {
	switch {
	case n >= 1_000_000:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	case n >= 1000:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%d bytes", n)
}

// withoutURL keeps a signed URL out of a message.
func withoutURL(err error) error {
	var failed *url.Error
	if errors.As(err, &failed) {
		return failed.Err
	}
	return err
}
