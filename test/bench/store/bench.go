package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/takeup/takeup/test/bench/store/gateway"
	"github.com/takeup/takeup/test/bench/store/source"
)

const (
	mib = 1 << 20
	// capRate is the rate of a capped source for each request, in bytes per second.
	capRate = 8 * mib
	// stagger is the time between the starts of tools that run side by side. At their ends, S3
	// assembles the parts, which takes it a second per video.
	stagger = 2 * time.Second
)

// Run measures every tool and writes the tables.
func Run(ctx context.Context, o Options) (err error) {
	if err := o.Check(); err != nil {
		return err
	}
	b := &bench{Options: o}
	if b.Root, err = filepath.Abs(o.Root); err != nil {
		return err
	}
	if b.Dir, err = filepath.Abs(o.Dir); err != nil {
		return err
	}
	if err := os.RemoveAll(b.Dir); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.files())) }()
	if err := b.prepare(ctx); err != nil {
		return err
	}
	if b.source, err = source.Start(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.source.Close()) }()
	if b.gateway, err = gateway.Start(ctx, b.Programs.Versitygw, b.files()); err != nil {
		return err
	}
	defer b.gateway.Stop()
	r, err := b.measureAll(ctx)
	if err != nil {
		return err
	}
	return r.write(o.Output)
}

// bench is a run.
type bench struct {
	Options
	tools   []tool
	source  *source.Server
	gateway *gateway.Gateway

	mu     sync.Mutex
	stored int // number of runs of tools so far
}

// files is the directory of the stored videos, and logs that of the tools' output.
func (b *bench) files() string { return filepath.Join(b.Dir, "s3") }
func (b *bench) logs() string  { return filepath.Join(b.Dir, "logs") }
func (b *bench) bin() string   { return filepath.Join(b.Dir, "bin") }

func (b *bench) say(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	fmt.Fprintf(b.Progress, format+"\n", args...)
}

func (b *bench) measureAll(ctx context.Context) (*report, error) {
	if err := b.warmUp(ctx); err != nil {
		return nil, err
	}
	r := &report{tools: names(b.tools)}
	for _, kind := range []Rows{Uncapped, Capped} {
		if !slices.Contains(b.Rows, kind) {
			continue
		}
		for _, size := range b.Sizes {
			row, err := b.measureRow(ctx, size, kind == Capped)
			if err != nil {
				return nil, err
			}
			r.rows = append(r.rows, row)
		}
	}
	if !slices.Contains(b.Rows, Faults) {
		return r, nil
	}
	var err error
	r.faults, err = b.tryAll(ctx)
	return r, err
}

func names(tools []tool) []string {
	var all []string
	for _, t := range tools {
		all = append(all, t.name)
	}
	return all
}

// warmUp stores a small video with each tool. That shows whether all of them work, and caches
// their programs in memory.
func (b *bench) warmUp(ctx context.Context) error {
	video, err := source.NewVideo("warm-up", mib)
	if err != nil {
		return err
	}
	for _, t := range b.tools {
		if _, err := b.healthy(ctx, t, source.Offer{Video: video}, time.Minute); err != nil {
			return err
		}
	}
	return nil
}

// measureRow measures every tool with one video. If the source is capped, a run of ours is
// followed by one of the peers side by side: the cap applies to each request, and the peers
// leave the machine nearly idle.
func (b *bench) measureRow(ctx context.Context, size int, capped bool) (row, error) {
	r := row{mib: size, capped: capped, runs: map[string][]figures{}}
	video, err := source.NewVideo("bench", int64(size)*mib)
	if err != nil {
		return r, err
	}
	offer, limit := source.Offer{Video: video}, 5*time.Minute
	if capped {
		offer.Rate = capRate
		limit += 2 * time.Second * time.Duration(video.Size()/capRate)
	}
	one := func(ctx context.Context, t tool) (figures, error) {
		f, err := b.healthy(ctx, t, offer, limit)
		if err == nil {
			b.say("%s: %s: %.2f s, CPU %.2f s, %.1f MiB", r.title(), t.name, f[wall], f[cpu], f[peak])
		}
		return f, err
	}
	for i := range b.Runs {
		b.say("%s, run %d of %d", r.title(), i+1, b.Runs)
		if !capped {
			// Each run begins with another tool.
			for _, t := range slices.Concat(b.tools[i%len(b.tools):], b.tools[:i%len(b.tools)]) {
				f, err := one(ctx, t)
				if err != nil {
					return r, err
				}
				r.runs[t.name] = append(r.runs[t.name], f)
			}
			continue
		}
		for _, together := range [][]tool{b.tools[:1], b.tools[1:]} {
			all, err := sideBySide(ctx, together, stagger, one)
			if err != nil {
				return r, err
			}
			for n, t := range together {
				r.runs[t.name] = append(r.runs[t.name], all[n])
			}
		}
	}
	return r, nil
}

// sideBySide runs do for several tools at once, staggered by a time, and returns the results in
// their order.
func sideBySide[T any](ctx context.Context, tools []tool, after time.Duration, do func(context.Context, tool) (T, error)) ([]T, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	results, errs := make([]T, len(tools)), make([]error, len(tools))
	var group sync.WaitGroup
	for i, t := range tools {
		group.Go(func() {
			select {
			case <-ctx.Done():
				errs[i] = ctx.Err()
				return
			case <-time.After(time.Duration(i) * after):
			}
			if results[i], errs[i] = do(ctx, t); errs[i] != nil {
				cancel()
			}
		})
	}
	group.Wait()
	return results, errors.Join(errs...)
}
