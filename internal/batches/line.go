package batches

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"time"

	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/video"
)

// Next is what the step line returns.
type Next struct {
	Do string `json:"do"` // DoRun, DoWait or DoEnd
	// Of DoRun: the name and the input of the job's execution.
	Execution string          `json:"execution,omitempty"`
	Input     json.RawMessage `json:"input,omitempty"`
	// Of DoWait.
	WaitSeconds int `json:"wait_seconds,omitempty"`
}

// The values of Next.Do.
const (
	DoRun  = "run"  // start the job's execution, and wait for its end
	DoWait = "wait" // enter the step again
	DoEnd  = "done" // the job has ended, or its batch has
)

// LogValue implements slog.LogValuer.
func (n Next) LogValue() slog.Value { return slog.StringValue(n.Do) }

// The shortest and the longest wait of a line for its batch's limit.
const (
	leastWait = 2 * time.Second
	mostWait  = 5 * time.Minute
)

// line looks after one video of a run.
func (e *Engine) line(ctx context.Context, task Task) (Next, error) {
	b, _, err := e.current(ctx, task.Input)
	if errors.Is(err, errSuperseded) {
		return Next{Do: DoEnd}, nil
	}
	if err != nil {
		return Next{}, err
	}
	if !task.Visited {
		wait, err := e.crowded(ctx, b)
		if err != nil || wait > 0 {
			return waiting(wait), err
		}
	}
	p, err := e.request(ctx, b, task.Item)
	if err != nil {
		return Next{}, err
	}
	next, err := e.Lines.Line(ctx, task.Item.ID, p.Request, video.Origin{
		Trigger: video.TriggerBatch, Token: b.Owner, Batch: b.ID, Line: task.Item.Line, Copy: task.Item.Copy, Label: p.Label,
	}, task.Visited)
	switch {
	case err != nil:
		return Next{}, err
	case next.Execution != "":
		return Next{Do: DoRun, Execution: next.Execution, Input: next.Input}, nil
	case next.Wait > 0:
		return waiting(next.Wait), nil
	}
	return Next{Do: DoEnd}, nil
}

func waiting(d time.Duration) Next {
	return Next{Do: DoWait, WaitSeconds: max(1, int(math.Ceil(d.Seconds())))}
}

// mostLines is how many lines an engine may look after at once that doesn't know
// MaxConcurrencyPath.
const mostLines = 100

// atOnce returns how many lines of a batch are looked after at once.
func (e *Engine) atOnce(b record.Batch) int {
	if e.Ceiling > 0 {
		return min(b.AtOnce, e.Ceiling)
	}
	return b.AtOnce
}

// crowded returns how long a line waits before it begins, since its batch makes as many videos
// at once as it may; 0 if there is room. That happens if an earlier run's jobs go on, or jobs
// were redriven by hand. Such a line would be refused by the claim, which its job would try
// again and again. The lines that wait share two tries for each video that ends. How often one
// ends is known from those that have ended since the plan was made.
func (e *Engine) crowded(ctx context.Context, b record.Batch) (time.Duration, error) {
	counts, err := e.Table.BatchCounts(ctx, b.ID)
	if err != nil {
		return 0, err
	}
	if counts.InFlight < int64(b.AtOnce) {
		return 0, nil
	}
	atOnce, took, ended := max(1, b.AtOnce), e.Now().Sub(b.PlannedAt), max(0, over(counts)-b.Over)
	usual := b.Usual
	switch {
	case ended > 0:
		usual = took * time.Duration(atOnce) / time.Duration(ended)
	case usual == 0 || usual > took: // it may be wrong, so look soon at first
		usual = took
	}
	waiting := min(b.Todo-int(ended), mostLines) - atOnce
	wait := usual * time.Duration(max(1, waiting)) / time.Duration(2*atOnce)
	wait = max(leastWait, min(wait, mostWait))
	return wait/2 + e.Jitter(wait), nil
}

// over returns how many jobs of a batch have ended.
func over(counts record.Counts) (n int64) {
	for state, jobs := range counts.Jobs {
		if video.State(state).Ended() {
			n += jobs
		}
	}
	return n
}
