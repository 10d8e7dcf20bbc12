package chaos

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/takeup/takeup/internal/video"
)

// outcome is what a job has come to, as it is seen from the outside. Two that
// are equal are the same ending.
type outcome struct {
	status   string // the execution's
	error    string // its error's name
	cause    string
	ledger   string // the ending that the ledger has
	manifest string // the SHA-256 of the manifest
}

// name is the ending's.
func (o *outcome) name() string {
	switch {
	case o.status == string(types.ExecutionStatusSucceeded):
		return "stored"
	case o.error != "":
		return o.error
	}
	return o.status
}

// canRedrive reports whether a redrive can go on with it. The provider's word on
// a request or a generation is final.
func (o *outcome) canRedrive() bool {
	switch o.name() {
	case "stored", "InvalidRequest", "GenerationFailed", "VideoRejected":
		return false
	}
	return true
}

// follow has the watch look for an execution's end, and free its slot then.
func (w *world) follow(execution string, j *job) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.running[execution] = j
}

// watch looks for executions that have ended, until ctx is over. It is the only
// one that writes what was seen of a job meanwhile.
func (w *world) watch(ctx context.Context) error {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := w.collect(ctx); err != nil && ctx.Err() == nil {
			return err
		}
	}
}

func (w *world) collect(ctx context.Context) error {
	w.mu.Lock()
	pending := maps.Clone(w.running)
	w.mu.Unlock()
	machine := w.stack.Outputs["StateMachineArn"]
	reply, err := w.sfn.ListExecutions(ctx, &sfn.ListExecutionsInput{StateMachineArn: &machine, StatusFilter: types.ExecutionStatusRunning, MaxResults: 1000})
	if err != nil {
		return err
	}
	for _, e := range reply.Executions {
		delete(pending, *e.Name)
	}
	for name, j := range pending {
		seen, err := w.see(ctx, name, j)
		if err != nil {
			return err
		}
		if seen == nil || seen.status == string(types.ExecutionStatusRunning) {
			continue
		}
		if j.redriven {
			j.firstAfter = seen
		} else {
			j.first, j.ended = seen, time.Now()
		}
		w.mu.Lock()
		delete(w.running, name)
		w.mu.Unlock()
		<-w.slots
	}
	return nil
}

// drain waits until nothing runs any more, or ctx is over; then what still runs is
// left alone, and its slot is freed.
func (w *world) drain(ctx context.Context) {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		w.mu.Lock()
		n := len(w.running)
		w.mu.Unlock()
		if n == 0 {
			return
		}
		select {
		case <-ctx.Done():
			w.mu.Lock()
			clear(w.running)
			w.mu.Unlock()
			for len(w.slots) > 0 {
				<-w.slots
			}
			return
		case <-tick.C:
		}
	}
}

// lookAgain sees every job a second time, when nothing runs.
func (w *world) lookAgain(ctx context.Context) error {
	for _, j := range w.jobs {
		if j.first == nil || j.again != nil && j.firstAfter == nil {
			continue
		}
		name := j.id
		if j.redriven {
			name += "-r1"
		}
		seen, err := w.see(ctx, name, j)
		if err != nil {
			return err
		}
		if j.redriven {
			j.againAfter = seen
		} else {
			j.again = seen
		}
	}
	return nil
}

func (w *world) arn(execution string) string {
	return strings.Replace(w.stack.Outputs["StateMachineArn"], ":stateMachine:", ":execution:", 1) + ":" + execution
}

// see reads what has become of a job; nil where there is no such execution.
func (w *world) see(ctx context.Context, execution string, j *job) (*outcome, error) {
	arn := w.arn(execution)
	e, err := w.sfn.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: &arn})
	var absent *types.ExecutionDoesNotExist
	if errors.As(err, &absent) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	seen := &outcome{status: string(e.Status)}
	if e.Error != nil {
		seen.error = *e.Error
	}
	if e.Cause != nil {
		seen.cause = *e.Cause
	}
	entry, err := w.entry(ctx, j.id)
	if err != nil {
		return nil, err
	}
	if entry != nil && entry.Ending != nil {
		seen.ledger = fmt.Sprintf("%s at %s: %s", entry.Ending.Error, entry.Ending.At, entry.Ending.Message)
	}
	manifest, err := w.object(ctx, video.ManifestKey(j.id))
	if manifest != nil {
		sum := sha256.Sum256(manifest)
		seen.manifest = hex.EncodeToString(sum[:])
	}
	return seen, err
}

// entry reads a job, past the proxy; nil where there is none.
func (w *world) entry(ctx context.Context, id string) (*video.Entry, error) {
	entry, _, err := w.table.Get(ctx, id)
	var none *video.NoEntry
	if errors.As(err, &none) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &entry, nil
}

// object reads one of the videos bucket; nil where there is none.
func (w *world) object(ctx context.Context, key string) ([]byte, error) {
	bucket := w.stack.Outputs["VideosBucket"]
	out, err := w.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	var absent *s3types.NoSuchKey
	if errors.As(err, &absent) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer out.Body.Close()
	return io.ReadAll(out.Body)
}

// history is the way of an execution: the states that it entered and what failed.
func (w *world) history(ctx context.Context, execution string) []string {
	arn := w.arn(execution)
	pages := sfn.NewGetExecutionHistoryPaginator(w.sfn, &sfn.GetExecutionHistoryInput{ExecutionArn: &arn})
	var way []string
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return append(way, err.Error())
		}
		for _, e := range page.Events {
			switch {
			case e.StateEnteredEventDetails != nil:
				way = append(way, e.Timestamp.Format("15:04:05.0 ")+*e.StateEnteredEventDetails.Name)
			case e.TaskFailedEventDetails != nil && e.TaskFailedEventDetails.Error != nil:
				way = append(way, *e.TaskFailedEventDetails.Error)
			case e.LambdaFunctionFailedEventDetails != nil && e.LambdaFunctionFailedEventDetails.Error != nil:
				way = append(way, *e.LambdaFunctionFailedEventDetails.Error)
			}
		}
	}
	return slices.Compact(way)
}
