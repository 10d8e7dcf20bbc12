package batches

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/takeup/takeup/internal/batch"
	"github.com/takeup/takeup/internal/batch/batchfile"
	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/batches/runfiles"
	"github.com/takeup/takeup/internal/video"
)

// Planned is what the step plan returns.
type Planned struct {
	// Next is GoRun, GoReport or GoEnd.
	Next string `json:"next"`
	// Bucket and Key are the file that the Map reads its items from.
	Bucket string `json:"bucket"`
	Key    string `json:"key"`
	// MaxConcurrency is how many lines the Map looks after at once; 0 is no limit.
	MaxConcurrency int `json:"max_concurrency"`
	said           string
}

// The values of Planned.Next.
const (
	GoRun    = "run"    // look after the lines
	GoReport = "report" // there is nothing to run
	GoEnd    = "end"    // wait for the owner, or another run follows
)

// LogValue implements slog.LogValuer.
func (p Planned) LogValue() slog.Value { return slog.StringValue(p.said) }

// maxPlan is the longest encoded plan, in bytes. An item has at most 400 KB.
const maxPlan = 300 << 10

// errSuperseded says that a run is over because the batch was cancelled, or another follows.
var errSuperseded = errors.New("the batch was cancelled, or another run follows")

// plan reads the file, and decides whether it runs now. What is in the table and the bucket is
// derived from the file and the jobs, so that the step can be repeated.
func (e *Engine) plan(ctx context.Context, in Input) (Planned, error) {
	b, _, err := e.current(ctx, in)
	if errors.Is(err, errSuperseded) {
		return Planned{Next: GoEnd, said: "superseded"}, nil
	}
	if err != nil {
		return Planned{}, err
	}
	plan, err := e.read(ctx, b)
	var unusable *batchfile.Unusable
	var gone *runfiles.Gone
	switch {
	case errors.As(err, &unusable), errors.As(err, &gone):
		return e.unusable(ctx, in, b, err)
	case err != nil:
		return Planned{}, err
	}
	encoded, err := encodePlan(plan)
	if err != nil {
		return Planned{}, err
	}
	if err := e.Table.PutBatchPlan(ctx, b.ID, b.Run, encoded); err != nil {
		return Planned{}, err
	}
	counts, err := e.Table.BatchCounts(ctx, b.ID)
	if err != nil {
		return Planned{}, err
	}
	planned := Planned{Next: GoEnd, Bucket: e.Files.Bucket(), Key: runfiles.TodoKey(b), said: "planned"}
	todo := plan.Videos[batch.New] + plan.Videos[batch.Resume] + plan.Videos[batch.Running]
	err = e.change(ctx, in, func(b *record.Batch) {
		b.State, b.PlannedAt, b.Todo, b.Usual, b.Over = record.Planned, e.Now(), todo, 0, over(counts)
		planned.MaxConcurrency = e.atOnce(*b)
		if n := plan.Videos[batch.New] + plan.Videos[batch.Resume] - plan.TimesUnknown; n > 0 {
			b.Usual = plan.Usual / time.Duration(n)
		}
		switch {
		case !e.runs(*b, plan):
		case todo == 0:
			b.State, planned.Next, planned.said = record.Running, GoReport, "nothing to run"
		default:
			b.State, planned.Next, planned.said = record.Running, GoRun, "running"
		}
	})
	if errors.Is(err, errSuperseded) {
		return Planned{Next: GoEnd, said: "superseded"}, nil
	}
	return planned, err
}

// runs reports whether a batch runs without another word of its owner.
func (e *Engine) runs(b record.Batch, plan batch.Plan) bool {
	if plan.Wrong > 0 && (!b.SkipInvalid || plan.Quotes) || plan.Lines == 0 {
		return false
	}
	total := plan.Total
	return b.Approved || !b.Attended && total.Unbounded == 0 && total.Unpriced == 0 && total.Most <= e.MaxUnattended
}

// unusable records that a batch's file can't be used. A file that was put into the bucket is
// rejected, as other prompt files are.
func (e *Engine) unusable(ctx context.Context, in Input, b record.Batch, why error) (Planned, error) {
	if !b.Attended {
		if err := e.Files.Reject(ctx, b.Source(), why.Error()); err != nil {
			return Planned{}, err
		}
	}
	err := e.change(ctx, in, func(b *record.Batch) { b.State, b.Reason = record.Unusable, why.Error() })
	if err != nil && !errors.Is(err, errSuperseded) {
		return Planned{}, err
	}
	return Planned{Next: GoEnd, said: "unusable"}, nil
}

// current reads the record of a batch. The error is errSuperseded if the run is not to go on.
func (e *Engine) current(ctx context.Context, in Input) (record.Batch, string, error) {
	b, version, err := e.Table.Batch(ctx, in.Batch)
	if err == nil && (b.Run != in.Run || b.State == record.Cancelled) {
		err = errSuperseded
	}
	return b, version, err
}

// change changes the record of a run. The error is errSuperseded if the run is not to go on.
func (e *Engine) change(ctx context.Context, in Input, by func(*record.Batch)) error {
	for range turns {
		b, version, err := e.current(ctx, in)
		if err != nil {
			return err
		}
		by(&b)
		if _, _, err = e.Table.PutBatch(ctx, b, version); video.UnlessConflict(err) != nil || err == nil {
			return err
		}
	}
	return changing("planning the batch")
}

// read plans the file, and writes its videos and requests.
func (e *Engine) read(ctx context.Context, b record.Batch) (batch.Plan, error) {
	from, err := e.Files.Source(ctx, b.Source())
	if err != nil {
		return batch.Plan{}, err
	}
	defer from.Close()
	w := runfiles.CreatePlan(ctx, e.Files, b)
	defer w.Abort()
	planner := batch.Planner{Jobs: known{e.Items}, Each: w.Write}
	options := batchfile.Options{Format: batchfile.Format(b.Format), Fields: b.Defaults, Lines: b.MaxLines}
	plan, err := planner.Make(ctx, batchfile.Lines(from, options), batch.NewIDs(b.Name, b.Again), e.Prices, e.Times)
	if err != nil {
		return plan, err
	}
	return plan, w.Close()
}

// encodePlan encodes a plan for the table. It names fewer wrong lines if they are too long.
func encodePlan(plan batch.Plan) ([]byte, error) {
	for {
		encoded, err := json.Marshal(plan)
		if err != nil {
			return nil, fmt.Errorf("encoding a plan: %w", err)
		}
		if len(encoded) <= maxPlan || len(plan.Named) == 0 {
			return encoded, nil
		}
		plan.Named = plan.Named[:len(plan.Named)*3/4]
	}
}

// known looks up the jobs that exist.
type known struct{ items runfiles.Items }

// Known implements batch.Jobs.
func (k known) Known(ctx context.Context, ids []string) (map[string]batch.Known, error) {
	entries, err := k.items.Entries(ctx, ids)
	if err != nil {
		return nil, err
	}
	found := map[string]batch.Known{}
	for id, entry := range entries {
		one := batch.Known{State: entry.State()}
		if entry.Over() {
			one.Paid = entry.Outcome.Paid()
			one.Redrivable = !entry.Outcome.Final() && entry.ForgottenAt.IsZero()
		}
		found[id] = one
	}
	return found, nil
}

// request reads the request of an item.
func (e *Engine) request(ctx context.Context, b record.Batch, item runfiles.Item) (runfiles.Line, error) {
	if !item.Readable() {
		return runfiles.Line{}, &BadTask{Reason: fmt.Sprintf("its request has %d bytes at %d", item.Size, item.At)}
	}
	return runfiles.ReadLine(ctx, e.Files, b, item)
}
