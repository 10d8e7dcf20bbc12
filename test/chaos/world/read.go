package world

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/takeup/takeup/internal/bucket/objectkey"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/execname"
	"github.com/takeup/takeup/internal/wait"
	"github.com/takeup/takeup/test/harness/executions"
)

// Outcome is the state of a job as seen from outside. Outcomes that compare equal are the same.
type Outcome struct {
	execution string // the one that the table names
	Status    string // of the execution
	error     string // the name of the execution's error
	cause     string
	state     video.State // in the table
	outcome   string      // the name of the table's outcome
	Ledger    string      // the table's outcome in full
	manifest  string      // SHA-256 of the manifest
	Unbegun   bool        // its batch is at rest, and it has no job
}

// Interrupted is the outcome of a job whose execution was stopped.
var Interrupted = video.OutcomeName(&video.Interrupted{})

// Cancelled is the outcome of a job that was cancelled before it was submitted.
var Cancelled = video.OutcomeName(&video.Cancelled{})

// Name returns the name of the outcome.
func (o *Outcome) Name() string {
	switch {
	case o.Unbegun:
		return "(not begun)"
	case o.state == video.StateCompleted:
		return "stored"
	case o.outcome != "":
		return o.outcome
	case o.error != "":
		return o.error
	}
	return o.Status
}

// Settled reports whether the table has an outcome, or will have no job.
func (o *Outcome) Settled() bool { return o.Unbegun || o.state.Ended() && o.state != "" }

// Agrees reports whether the table has the outcome of the execution.
func (o *Outcome) Agrees() bool {
	switch o.Status {
	case string(types.ExecutionStatusSucceeded):
		return o.Name() == "stored"
	case string(types.ExecutionStatusFailed):
		return o.Name() == o.error || o.Name() == Interrupted
	}
	return true // it was stopped, and its function may have run to the end
}

// CanRedrive reports whether a redrive can resume the job. The provider's answer to a request or
// a generation is final.
func (o *Outcome) CanRedrive() bool {
	switch o.Name() {
	case "stored", "InvalidRequest", "GenerationFailed", "VideoRejected", Cancelled:
		return false
	}
	return !o.Unbegun
}

// Unread reports whether a submission is considered lost because the provider's records could
// not be read, or a generation overdue because its last poll failed. As the outcome says, a
// redrive looks again.
func (o *Outcome) Unread() bool {
	switch o.Name() {
	case "SubmissionLost":
		return strings.Contains(o.Ledger, "records could not be read")
	case "GenerationOverdue":
		return strings.Contains(o.Ledger, "the provider refused the call") || strings.Contains(o.Ledger, "the provider gave no usable answer")
	}
	return false
}

// OrNone returns the outcome's name, or that of having none.
func (o *Outcome) OrNone() string {
	if o == nil {
		return "(none)"
	}
	return o.Name()
}

// ARN returns the ARN of an execution.
func (w *World) ARN(execution string) string {
	return executions.ARN(w.Stack.Outputs["StateMachineArn"], execution)
}

// Outcome reads the outcome of a job. It is nil if there is no execution yet, unless the job
// was cancelled before it had one.
func (w *World) Outcome(ctx context.Context, j *Job) (*Outcome, error) {
	entry, err := w.Entry(ctx, j.ID)
	if err != nil {
		return nil, err
	}
	seen := &Outcome{execution: j.ID}
	if entry != nil {
		seen.execution, seen.state = entry.Execution, entry.State()
	}
	if entry != nil && entry.Over() {
		seen.outcome = entry.Outcome.Name
		seen.Ledger = fmt.Sprintf("%s at %s: %s", entry.Outcome.Name, entry.Outcome.At, entry.Outcome.Message)
	}
	e, err := w.Describe(ctx, seen.execution)
	switch {
	case err != nil:
		return nil, err
	case e == nil && entry == nil && j.Batch != nil && j.Batch.Resting.Load():
		return &Outcome{Unbegun: true}, nil
	case e == nil && seen.outcome == Cancelled:
		return seen, nil
	case e == nil:
		return nil, nil
	}
	seen.Status = string(e.Status)
	if e.Error != nil {
		seen.error = *e.Error
	}
	if e.Cause != nil {
		seen.cause = *e.Cause
	}
	manifest, err := w.Manifest(ctx, j.ID)
	if manifest != nil {
		sum := sha256.Sum256(manifest)
		seen.manifest = hex.EncodeToString(sum[:])
	}
	return seen, err
}

// Describe reads an execution and bypasses the proxy. It returns nil if there is none.
func (w *World) Describe(ctx context.Context, name string) (*sfn.DescribeExecutionOutput, error) {
	return w.describe(ctx, w.ARN(name))
}

// Executions returns the names of a job's executions, as far as the table knows them.
func (w *World) Executions(ctx context.Context, j *Job) ([]string, error) {
	entry, err := w.Entry(ctx, j.ID)
	if err != nil {
		return nil, err
	}
	names := []string{j.ID}
	for n := 1; entry != nil && n <= entry.Redrives; n++ {
		names = append(names, execname.Of(j.ID, n))
	}
	return names, nil
}

// Entry reads a job and bypasses the proxy. It returns nil if there is none.
func (w *World) Entry(ctx context.Context, id string) (*video.Entry, error) {
	entry, _, err := w.Table.Get(ctx, id)
	var none *video.NoEntry
	if errors.As(err, &none) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &entry, nil
}

// Manifest reads the manifest of a job, and bypasses the proxy. It returns nil if there is none.
func (w *World) Manifest(ctx context.Context, id string) ([]byte, error) {
	entry, err := w.Entry(ctx, id)
	if err != nil {
		return nil, err
	}
	locator := video.Locator{ID: id}
	if entry != nil {
		locator = entry.Locator()
	}
	return w.Object(ctx, objectkey.Manifest(locator))
}

// Object reads an object of the videos bucket. It returns nil if there is none.
func (w *World) Object(ctx context.Context, key string) ([]byte, error) {
	bucket := w.Stack.Outputs["VideosBucket"]
	out, err := w.S3.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
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

// History returns the course of an execution: the states that it entered and what failed.
func (w *World) History(ctx context.Context, execution string) []string {
	arn := w.ARN(execution)
	pages := sfn.NewGetExecutionHistoryPaginator(w.StepFunctions, &sfn.GetExecutionHistoryInput{ExecutionArn: &arn})
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

// Call calls the API with its token, without a body.
func (w *World) Call(ctx context.Context, method, path string) (int, []byte, error) {
	return w.Send(ctx, method, path, nil)
}

// Send calls the API with its token. The body is JSON, or nil.
func (w *World) Send(ctx context.Context, method, path string, in any) (int, []byte, error) {
	var sent []byte
	if in != nil {
		var err error
		if sent, err = json.Marshal(in); err != nil {
			return 0, nil, err
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, w.Stack.API+path, bytes.NewReader(sent))
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+w.Stack.Token)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, body, err
}

// Get decodes the API's response to a GET. It retries until it succeeds.
func (w *World) Get(ctx context.Context, path string, out any) error {
	return Persist(ctx, func() error {
		status, body, err := w.Call(ctx, http.MethodGet, path)
		switch {
		case err != nil:
			return err
		case status != http.StatusOK:
			return fmt.Errorf("status %d: %s", status, body)
		}
		return json.Unmarshal(body, out)
	})
}

// attempts is how often a sender tries, half a second apart, like a client of the API or a
// redelivery of an event.
const attempts = 60

// Persist calls try until it succeeds, at most attempts times.
func Persist(ctx context.Context, try func() error) error {
	var err error
	for range attempts {
		if err = try(); err == nil {
			return nil
		}
		if err := wait.For(ctx, 500*time.Millisecond); err != nil {
			return err
		}
	}
	return err
}
