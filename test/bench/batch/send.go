package batch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/api/client"
	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/wait"
)

// sheet returns a CSV file of that many lines.
func sheet(lines int) []byte {
	var b bytes.Buffer
	b.WriteString("prompt,duration,label\n")
	for n := range lines {
		fmt.Fprintf(&b, "\"a paper boat, number %d of many\",5,boat %d\n", n, n)
	}
	return b.Bytes()
}

// batch sends the file, starts its batch, and waits for its end. Lines that failed are run again
// if functions are killed. It returns the id.
func (b *bench) batch(ctx context.Context, r *Report) (id string, err error) {
	file := sheet(b.Lines)
	err = b.stage("sending and planning the file", func() error {
		made, err := b.api.CreateBatch(ctx, api.BatchRequest{Name: "bench", Format: api.BatchCSV, AtOnce: b.AtOnce, MaxLines: b.Lines}, "bench")
		if err != nil {
			return err
		}
		id = made.Batch.ID
		began := time.Now()
		if err := b.api.Upload(ctx, made.Upload, "bench.csv", bytes.NewReader(file), int64(len(file))); err != nil {
			return err
		}
		got, err := b.until(ctx, id, record.Planned)
		r.Plan = time.Since(began)
		if err == nil && (got.Plan == nil || got.Plan.Videos.New != b.Lines || got.Plan.Wrong > 0) {
			err = fmt.Errorf("the plan is %+v", got.Plan)
		}
		return err
	})
	if err != nil {
		return id, err
	}
	began := time.Now()
	for r.Runs < mostRuns {
		if _, err := b.api.StartBatch(ctx, id, false); err != nil {
			return id, err
		}
		r.Runs++
		var got api.Batch
		err := b.stage(fmt.Sprintf("running the batch, run %d", r.Runs), func() (err error) {
			got, err = b.until(ctx, id, record.Ended)
			return err
		})
		r.Took = time.Since(began)
		if err != nil || got.Counts.Stored == int64(b.Lines) || !b.Kill {
			return id, err
		}
	}
	return id, nil
}

// mostRuns is how often a batch is run if functions are killed.
const mostRuns = 5

// until waits until a batch is in a state. On a machine that is busy with it, the API may answer
// that it can't tell now.
func (b *bench) until(ctx context.Context, id string, state record.State) (api.Batch, error) {
	for {
		got, err := b.api.Batch(ctx, id)
		var refused *client.Refused
		var unreachable *client.Unreachable
		switch {
		case errors.As(err, &refused) && refused.Passing(), errors.As(err, &unreachable) && ctx.Err() == nil:
		case err != nil:
			return got, err
		case got.Status == string(state):
			return got, nil
		case got.Status == string(record.Unusable), got.Status == string(record.Cancelled):
			return got, fmt.Errorf("the batch is %s, not %s", got.Status, state)
		}
		if err := wait.For(ctx, time.Second); err != nil {
			return got, err
		}
	}
}

// The longest pause between two kills, and the share of the lines that are stored before the
// first and after the last one.
const (
	killPause = 2 * time.Second
	calm      = 0.1
)

// kill kills processes of functions in the middle of the batch, until ctx ends. It returns how
// many.
func (b *bench) kill(ctx context.Context, random *rand.Rand) (n int, err error) {
	for wait.For(ctx, time.Duration(random.Int64N(int64(killPause)))) == nil {
		charged := float64(len(b.provider.Ledger().Generations)) / float64(b.Lines)
		if charged < calm || charged > 1-calm {
			continue
		}
		name, err := b.watch.Kill(random.IntN)
		if err != nil {
			return n, err
		}
		if name != "" {
			n++
		}
	}
	return n, nil
}
