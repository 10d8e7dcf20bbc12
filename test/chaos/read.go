package chaos

import (
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

	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
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

// orNone is the outcome's name, also of none.
func (o *outcome) orNone() string {
	if o == nil {
		return "(none)"
	}
	return o.name()
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
	manifest, err := w.object(ctx, video.ManifestKey(j.id))
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

// call calls the API with its token.
func (w *world) call(ctx context.Context, method, path string) (int, []byte, error) {
	r, err := http.NewRequestWithContext(ctx, method, w.stack.API+path, http.NoBody)
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Authorization", "Bearer "+w.stack.Token)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, body, err
}

// get decodes what the API answers to a GET, and tries until it does.
func (w *world) get(ctx context.Context, path string, out any) error {
	return persist(ctx, func() error {
		status, body, err := w.call(ctx, http.MethodGet, path)
		switch {
		case err != nil:
			return err
		case status != http.StatusOK:
			return fmt.Errorf("status %d: %s", status, body)
		}
		return json.Unmarshal(body, out)
	})
}

// patience is how often a sender tries, half a second apart: a client of the API
// and a redelivered event do.
const patience = 60

// persist tries until it goes, as often as patience says.
func persist(ctx context.Context, try func() error) error {
	var err error
	for range patience {
		if err = try(); err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(500 * time.Millisecond):
		}
	}
	return err
}
