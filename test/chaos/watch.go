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

	"github.com/takeup/takeup/internal/bucket/objectkey"
	"github.com/takeup/takeup/internal/video"
)

// outcome is what a job has come to, as it is seen from the outside. Two that
// are equal are the same outcome.
type outcome struct {
	execution string // the one that the table names
	status    string // the execution's
	error     string // its error's name
	cause     string
	state     video.State // the table's
	outcome   string      // the name of the table's outcome
	ledger    string      // that outcome, whole
	manifest  string      // the SHA-256 of the manifest
}

// interrupted is the outcome of a job whose execution was stopped.
var interrupted = video.OutcomeName(&video.Interrupted{})

// name is the outcome's.
func (o *outcome) name() string {
	switch {
	case o.state == video.StateCompleted:
		return "stored"
	case o.outcome != "":
		return o.outcome
	case o.error != "":
		return o.error
	}
	return o.status
}

// settled reports whether the table has an outcome.
func (o *outcome) settled() bool { return o.state.Ended() && o.state != "" }

// agrees reports whether the table has the outcome that the execution tells of.
func (o *outcome) agrees() bool {
	switch o.status {
	case string(types.ExecutionStatusSucceeded):
		return o.name() == "stored"
	case string(types.ExecutionStatusFailed):
		return o.name() == o.error || o.name() == interrupted
	}
	return true // it was stopped, and what ran may have come to its end
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

// unread reports whether a submission was called lost because the provider's records
// could not be read: as the outcome says, a redrive looks again.
func (o *outcome) unread() bool {
	return o.name() == "SubmissionLost" && strings.Contains(o.ledger, "records could not be read")
}

// follow has the watch look for the end of a job's last round. A slot that the job has
// is free as soon as no execution of it runs.
func (w *world) follow(j *job, slot bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pending[j] = slot
}

// watch looks for jobs that have ended, until ctx is over. It is the only one that
// writes what was seen of a job meanwhile.
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
	pending, sent := maps.Clone(w.pending), w.sent
	w.mu.Unlock()
	machine := w.stack.Outputs["StateMachineArn"]
	reply, err := w.sfn.ListExecutions(ctx, &sfn.ListExecutionsInput{StateMachineArn: &machine, StatusFilter: types.ExecutionStatusRunning, MaxResults: 1000})
	if err != nil {
		return err
	}
	running := map[string]bool{}
	for _, e := range reply.Executions {
		running[w.names.ofExecution(*e.Name)] = true
	}
	for j, slot := range pending {
		if j.id == "" || running[j.name] {
			continue
		}
		seen, err := w.see(ctx, j)
		if err != nil {
			return err
		}
		if seen == nil || seen.status == string(types.ExecutionStatusRunning) {
			continue
		}
		if slot {
			<-w.slots
		}
		w.mu.Lock()
		if w.pending[j] = false; w.over(j, seen, sent) {
			if j.round().seen = seen; j.ended.IsZero() {
				j.ended = time.Now()
			}
			delete(w.pending, j)
		}
		w.mu.Unlock()
	}
	return nil
}

// over reports whether what was seen of a job is how its round ended. Where it was
// stopped by hand, it may be begun anew by what is still to be sent, and what ran may
// have gone on, for as long as a function may take.
func (w *world) over(j *job, seen *outcome, sent bool) bool {
	if !seen.settled() {
		return false
	}
	r := j.round()
	return r.hands == 0 && seen.name() != interrupted ||
		sent && time.Since(r.stopped) > max(w.o.Times.SubmitTimeout, w.o.Times.CheckTimeout, w.o.Times.StoreTimeout)
}

// drain waits until every job has ended and is settled, or ctx is over; then what
// still runs is left alone, and its slot is freed.
func (w *world) drain(ctx context.Context) {
	w.mu.Lock()
	w.sent = true
	w.mu.Unlock()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		w.mu.Lock()
		n := len(w.pending)
		w.mu.Unlock()
		if n == 0 {
			return
		}
		select {
		case <-ctx.Done():
			w.mu.Lock()
			clear(w.pending)
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
		if j.round().seen == nil || j.round().again != nil {
			continue
		}
		seen, err := w.see(ctx, j)
		if err != nil {
			return err
		}
		j.round().again = seen
	}
	return nil
}

func (w *world) arn(execution string) string {
	return strings.Replace(w.stack.Outputs["StateMachineArn"], ":stateMachine:", ":execution:", 1) + ":" + execution
}

// see reads what has become of a job; nil where there is no such execution yet.
func (w *world) see(ctx context.Context, j *job) (*outcome, error) {
	entry, err := w.entry(ctx, j.id)
	if err != nil {
		return nil, err
	}
	seen := &outcome{execution: j.id}
	if entry != nil {
		seen.execution, seen.state = entry.Execution, entry.State()
	}
	if entry != nil && entry.Over() {
		seen.outcome = entry.Outcome.Name
		seen.ledger = fmt.Sprintf("%s at %s: %s", entry.Outcome.Name, entry.Outcome.At, entry.Outcome.Message)
	}
	e, err := w.describe(ctx, seen.execution)
	if err != nil || e == nil {
		return nil, err
	}
	seen.status = string(e.Status)
	if e.Error != nil {
		seen.error = *e.Error
	}
	if e.Cause != nil {
		seen.cause = *e.Cause
	}
	manifest, err := w.object(ctx, objectkey.Manifest(j.id))
	if manifest != nil {
		sum := sha256.Sum256(manifest)
		seen.manifest = hex.EncodeToString(sum[:])
	}
	return seen, err
}

// describe reads an execution, past the proxy; nil where there is none.
func (w *world) describe(ctx context.Context, name string) (*sfn.DescribeExecutionOutput, error) {
	arn := w.arn(name)
	e, err := w.sfn.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: &arn})
	var absent *types.ExecutionDoesNotExist
	if errors.As(err, &absent) {
		return nil, nil
	}
	return e, err
}

// executions are the names of those that a job has had, as far as the table knows.
func (w *world) executions(ctx context.Context, j *job) ([]string, error) {
	entry, err := w.entry(ctx, j.id)
	if err != nil {
		return nil, err
	}
	names := []string{j.id}
	for n := 1; entry != nil && n <= entry.Redrives; n++ {
		names = append(names, video.ExecutionName(j.id, n))
	}
	return names, nil
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
