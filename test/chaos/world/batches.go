package world

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/takeup/takeup/internal/batch"
	"github.com/takeup/takeup/internal/batch/batchfile"
	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/batches"
	"github.com/takeup/takeup/internal/bucket/objectkey"
	"github.com/takeup/takeup/test/chaos/faults"
	"github.com/takeup/takeup/test/harness/executions"
)

// Batch is a file of prompts. Its videos are jobs of the run.
type Batch struct {
	Name   string // identifies the batch in the plan
	ID     string
	Form   bool // its file comes by a form of the API, not by hand
	Format batchfile.Format
	AtOnce int
	// Cancelled says that it is cancelled while it runs, and Resumed that it is started again
	// after that.
	Cancelled, Resumed bool
	Jobs               []*Job
	// Resting says that no run of it is under way, or to come in this stage of the run.
	Resting atomic.Bool
}

// BatchFolder has the files of batches in the prompts bucket.
const BatchFolder = "films/"

// Key returns where its file is in the prompts bucket.
func (b *Batch) Key() string {
	if b.Form {
		return objectkey.BatchUpload(b.ID, string(b.Format))
	}
	return b.FullName() + "." + string(b.Format)
}

// FullName returns the name that Takeup knows it by.
func (b *Batch) FullName() string { return BatchFolder + b.Name }

// doubled is the number of videos of a batch's first line, if it has so many.
const doubled = 2

// lines returns the prompts of its file, and of how many videos each is.
func (b *Batch) lines() (prompts []string, copies []int) {
	for i := 0; i < len(b.Jobs); i += copies[len(copies)-1] {
		n := 1
		if i == 0 && len(b.Jobs) > doubled {
			n = doubled
		}
		prompts, copies = append(prompts, CanaryPrompt+b.Jobs[i].Name), append(copies, n)
	}
	return prompts, copies
}

// File returns its file.
func (b *Batch) File() ([]byte, error) {
	var file bytes.Buffer
	prompts, copies := b.lines()
	if b.Format == batchfile.JSONL {
		encoder := json.NewEncoder(&file)
		for i, prompt := range prompts {
			if err := encoder.Encode(map[string]any{"prompt": prompt, "duration": 5, "n": copies[i]}); err != nil {
				return nil, err
			}
		}
		return file.Bytes(), nil
	}
	rows := [][]string{{"prompt", "duration", "n"}}
	for i, prompt := range prompts {
		rows = append(rows, []string{prompt, "5", fmt.Sprint(copies[i])})
	}
	err := csv.NewWriter(&file).WriteAll(rows)
	return file.Bytes(), err
}

// identify sets the ids of the batch and its jobs.
func (b *Batch) identify() error {
	b.ID = batches.IDOf(b.FullName(), "")
	file, err := b.File()
	if err != nil {
		return err
	}
	ids, n := batch.NewIDs(b.FullName(), ""), 0
	for line, err := range batchfile.Lines(bytes.NewReader(file), batchfile.Options{Format: b.Format}) {
		if err != nil {
			return fmt.Errorf("the file of %s: %w", b.Name, err)
		}
		for _, id := range ids.Next(line.Request, line.Copies) {
			b.Jobs[n].ID = id
			n++
		}
	}
	return nil
}

// The sizes of batches.
const (
	leastBatch = 3
	mostBatch  = 25
	fewBatches = 8 // with more jobs than these have, batches grow
)

// NewBatches makes batches of the jobs that come by them, by a plan. Each kind of file is among
// the first four.
func NewBatches(p *faults.Plan, jobs []*Job) ([]*Batch, error) {
	var all []*Batch
	jobs = slices.Clone(jobs)
	jobs = slices.DeleteFunc(jobs, func(j *Job) bool { return j.Trigger != ByBatch })
	for some := range slices.Chunk(jobs, min(max(leastBatch, len(jobs)/fewBatches), mostBatch)) {
		n := len(all)
		b := &Batch{
			Name: fmt.Sprint("film-", n), Jobs: some, Form: n%2 == 1, AtOnce: record.DefaultAtOnce,
			Format: []batchfile.Format{batchfile.CSV, batchfile.CSV, batchfile.JSONL, batchfile.JSONL}[n%4],
		}
		if b.Form {
			b.AtOnce = 1 + int(p.Roll("at once", b.Name)*float64(max(1, len(some)/2)))
		}
		b.Cancelled = n%4 == 3 || p.Roll("cancelled", b.Name) < 0.2
		b.Resumed = b.Cancelled && p.Roll("resumed", b.Name) < 0.5
		if err := b.identify(); err != nil {
			return nil, err
		}
		for _, j := range some {
			j.Batch = b
		}
		all = append(all, b)
	}
	return all, nil
}

// RunOf returns a batch's record, or the zero value if there is none.
func (w *World) RunOf(ctx context.Context, b *Batch) (record.Batch, error) {
	found, _, err := w.Table.Batch(ctx, b.ID)
	var none *record.NoBatch
	if errors.As(err, &none) {
		return record.Batch{}, nil
	}
	return found, err
}

// DescribeRun reads the execution of a batch's run. It returns nil if there is none.
func (w *World) DescribeRun(ctx context.Context, name string) (*sfn.DescribeExecutionOutput, error) {
	return w.describe(ctx, w.BatchARN(name))
}

// BatchARN returns the ARN of an execution of a batch.
func (w *World) BatchARN(execution string) string {
	return executions.ARN(w.Stack.Outputs["BatchStateMachineArn"], execution)
}

func (w *World) describe(ctx context.Context, arn string) (*sfn.DescribeExecutionOutput, error) {
	e, err := w.StepFunctions.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: &arn})
	var absent *types.ExecutionDoesNotExist
	if errors.As(err, &absent) {
		return nil, nil
	}
	return e, err
}
