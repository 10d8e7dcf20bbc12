package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/takeup/takeup/internal/dev/template"
	"github.com/takeup/takeup/test/bench/store/gateway"
	"github.com/takeup/takeup/test/bench/store/gauge"
	"github.com/takeup/takeup/test/bench/store/source"
	"github.com/takeup/takeup/test/harness/lambdas"
)

// key is where every tool stores its video, in a bucket of its own.
const key = "videos/bench/video.mp4"

// prepare builds the programs and reads the timeout of the function store.
func (b *bench) prepare(ctx context.Context) error {
	if err := os.MkdirAll(b.logs(), 0o700); err != nil {
		return err
	}
	for _, program := range []string{"gauge", "ours", "manager", "transfermanager"} {
		if err := lambdas.Build(ctx, filepath.Join(b.Root, "test"), "bench/store/cmd/"+program, filepath.Join(b.bin(), program)); err != nil {
			return err
		}
	}
	store, err := b.function("")
	if err != nil {
		return err
	}
	b.tools = tools(b.Programs, b.Root, b.bin(), store.Timeout)
	return nil
}

// function returns the function store as the template defines it, with a bucket.
func (b *bench) function(bucket string) (lambdas.Function, error) {
	all, err := lambdas.Functions(b.Root, template.Values{"VideosBucket": bucket, "LoopbackSources": "true"})
	return all["store"], err
}

// result is the result of one run of a tool.
type result struct {
	usage    gauge.Usage
	requests int
	content  gateway.Content
	log      string // the file with the tool's output
}

// store runs a tool once against an S3 endpoint and checks whether it stored one of the videos.
func (b *bench) store(ctx context.Context, t tool, endpoint string, offer source.Offer, limit time.Duration, videos ...*source.Video) (_ result, err error) {
	b.mu.Lock()
	b.stored++
	name := fmt.Sprintf("run-%04d", b.stored)
	b.mu.Unlock()
	if err := b.gateway.Create(ctx, name); err != nil {
		return result{}, err
	}
	defer func() { err = errors.Join(err, b.gateway.Remove(ctx, name)) }()
	offered := b.source.Offer(offer)
	r := result{log: filepath.Join(b.logs(), name+".log")}
	env := environment(endpoint, b.gateway.CA, b.files())
	store, err := b.function(name)
	if err != nil {
		return r, err
	}
	for variable, value := range store.Environment {
		env = append(env, variable+"="+value)
	}
	r.usage, err = b.gauge(ctx, gauge.Pipeline{
		Stages: t.stages(job{url: offered.URL(), bucket: name, key: key}),
		Env:    env, Dir: b.files(), Log: r.log, Limit: limit,
	})
	if err != nil {
		return r, fmt.Errorf("%s: %w", t.name, err)
	}
	r.requests = offered.Requests()
	r.content, err = b.gateway.Find(ctx, name, key, videos...)
	return r, err
}

// gauge runs a pipeline in a small process: see package gauge.
func (b *bench) gauge(ctx context.Context, p gauge.Pipeline) (gauge.Usage, error) {
	asked, err := json.Marshal(p)
	if err != nil {
		return gauge.Usage{}, err
	}
	var out, said bytes.Buffer
	cmd := exec.CommandContext(ctx, filepath.Join(b.bin(), "gauge"))
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(asked), &out, &said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // this program handles Ctrl-C
	if err := cmd.Run(); err != nil {
		return gauge.Usage{}, fmt.Errorf("measuring: %w: %s", err, said.Bytes())
	}
	var u gauge.Usage
	return u, json.Unmarshal(out.Bytes(), &u)
}

// healthy stores a video from a source without faults, with which every tool must succeed.
func (b *bench) healthy(ctx context.Context, t tool, offer source.Offer, limit time.Duration) (figures, error) {
	r, err := b.store(ctx, t, b.gateway.URL, offer, limit, offer.Video)
	if err != nil {
		return figures{}, err
	}
	if got := judge(r.usage, r.content); got != right {
		return figures{}, fmt.Errorf("%s: %s, with a healthy source; its output is in %s", t.name, got, r.log)
	}
	return measured(r.usage, r.requests), nil
}
