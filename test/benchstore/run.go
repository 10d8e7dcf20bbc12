package benchstore

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

	"github.com/takeup/takeup/internal/template"
	"github.com/takeup/takeup/test/benchstore/gateway"
	"github.com/takeup/takeup/test/benchstore/gauge"
	"github.com/takeup/takeup/test/benchstore/source"
)

// key is where every tool stores its video, in a bucket of its own.
const key = "videos/bench/video.mp4"

// function is what the template says of the function store.
type function struct {
	environment map[string]string
	timeout     time.Duration
}

// prepare builds the programs and reads the template.
func (b *bench) prepare(ctx context.Context) error {
	if err := os.MkdirAll(b.logs(), 0o700); err != nil {
		return err
	}
	build := exec.CommandContext(ctx, "go", "build", "-o", b.bin()+"/", "./benchstore/cmd/...")
	build.Dir = filepath.Join(b.Root, "test")
	// As SAM builds the functions.
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-trimpath -tags=lambda.norpc '-ldflags=-s -w'")
	if said, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building the programs: %w\n%s", err, said)
	}
	text, err := os.ReadFile(filepath.Join(b.Root, "template.yaml"))
	if err != nil {
		return err
	}
	parsed, err := template.Parse(text)
	if err != nil {
		return err
	}
	b.function.environment, err = parsed.Environment("StoreFunction", template.Values{
		"VideosBucket": "", "ProviderKeySecret.Id": "none", "LoopbackSources": "true",
	})
	if err != nil {
		return err
	}
	b.function.timeout = time.Duration(parsed.Timeout("StoreFunction")) * time.Second
	b.tools = tools(b.Programs, b.Root, b.bin(), b.function.timeout)
	return nil
}

// result is what became of one run of a tool.
type result struct {
	usage    gauge.Usage
	requests int
	content  gateway.Content
	log      string // the file with what the tool said
}

// store runs a tool once against an S3 endpoint, and looks at what it stored: one
// of the videos, or not.
func (b *bench) store(ctx context.Context, t tool, endpoint string, offer source.Offer, limit time.Duration, videos ...*source.Video) (_ result, err error) {
	b.mu.Lock()
	b.stored++
	name := fmt.Sprintf("run-%04d", b.stored)
	b.mu.Unlock()
	if err := b.gateway.Create(ctx, name); err != nil {
		return result{}, err
	}
	defer func() { err = errors.Join(err, b.gateway.Remove(name)) }()
	offered := b.source.Offer(offer)
	r := result{log: filepath.Join(b.logs(), name+".log")}
	env := environment(endpoint, b.gateway.CA, b.files())
	for variable, value := range b.function.environment {
		if variable == "VIDEOS_BUCKET" {
			value = name
		}
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

// gauge runs a pipeline in a process that is small: see the package gauge.
func (b *bench) gauge(ctx context.Context, p gauge.Pipeline) (gauge.Usage, error) {
	asked, err := json.Marshal(p)
	if err != nil {
		return gauge.Usage{}, err
	}
	var out, said bytes.Buffer
	cmd := exec.CommandContext(ctx, filepath.Join(b.bin(), "gauge"))
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(asked), &out, &said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a Ctrl-C is this program's to act on
	if err := cmd.Run(); err != nil {
		return gauge.Usage{}, fmt.Errorf("measuring: %w: %s", err, said.Bytes())
	}
	var u gauge.Usage
	return u, json.Unmarshal(out.Bytes(), &u)
}

// healthy stores a video from a source that is well, with which every tool must
// be right.
func (b *bench) healthy(ctx context.Context, t tool, offer source.Offer, limit time.Duration) (figures, error) {
	r, err := b.store(ctx, t, b.gateway.URL, offer, limit, offer.Video)
	if err != nil {
		return figures{}, err
	}
	if got := judge(r.usage, r.content); got != right {
		return figures{}, fmt.Errorf("%s: %s, with a source that is well; what it said is in %s", t.name, got, r.log)
	}
	return measured(r.usage, r.requests), nil
}
