package e2e

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/takeup/takeup/internal/bucket/objectkey"
	"github.com/takeup/takeup/internal/video"
)

// object returns an object of the videos bucket.
func (w *world) object(t *testing.T, key string) []byte {
	t.Helper()
	content, ok := w.find(t, key)
	if !ok {
		t.Fatalf("there is no object %s", key)
	}
	return content
}

// find returns an object of the videos bucket, and whether it exists.
func (w *world) find(t *testing.T, key string) ([]byte, bool) {
	t.Helper()
	bucket := w.stack.Outputs["VideosBucket"]
	reply, err := w.s3.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	var absent *s3types.NoSuchKey
	if errors.As(err, &absent) {
		return nil, false
	}
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	content, err := io.ReadAll(reply.Body)
	if err != nil {
		t.Fatal(err)
	}
	return content, true
}

// keys lists the videos bucket.
func (w *world) keys(t *testing.T, prefix string) []string {
	t.Helper()
	bucket := w.stack.Outputs["VideosBucket"]
	pages := s3.NewListObjectsV2Paginator(w.s3, &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix})
	var keys []string
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, object := range page.Contents {
			keys = append(keys, *object.Key)
		}
	}
	return keys
}

// objects returns the keys of a job's objects, and those that have its id in another way.
func (w *world) objects(t *testing.T, job string) []string {
	t.Helper()
	return slices.DeleteFunc(w.keys(t, objectkey.Videos), func(key string) bool { return !strings.Contains(key, "/"+job+"/") })
}

// entry returns a job's entry.
func (w *world) entry(t *testing.T, job string) video.Entry {
	t.Helper()
	entry, _, err := w.table.Get(t.Context(), job)
	if err != nil {
		t.Fatal(err)
	}
	return entry
}

// execution returns the execution of that name, or nil.
func (w *world) execution(t *testing.T, name string) *sfn.DescribeExecutionOutput {
	t.Helper()
	machine := w.stack.Outputs["StateMachineArn"]
	pages := sfn.NewListExecutionsPaginator(w.sfn, &sfn.ListExecutionsInput{StateMachineArn: &machine})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Executions {
			if *e.Name != name {
				continue
			}
			got, err := w.sfn.DescribeExecution(t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: e.ExecutionArn})
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
	}
	return nil
}

// ended waits for an execution to end.
func (w *world) ended(t *testing.T, name string) *sfn.DescribeExecutionOutput {
	t.Helper()
	var got *sfn.DescribeExecutionOutput
	await(t, "the end of execution "+name, func() bool {
		got = w.execution(t, name)
		return got != nil && got.Status != types.ExecutionStatusRunning
	})
	return got
}

// succeeded waits for an execution to succeed and returns its final job.
func (w *world) succeeded(t *testing.T, name string) video.Job {
	t.Helper()
	got := w.ended(t, name)
	if got.Status != types.ExecutionStatusSucceeded {
		t.Fatalf("execution %s: %s, %s, %s", name, got.Status, value(got.Error), value(got.Cause))
	}
	return decode[video.Job](t, []byte(value(got.Output)))
}

// failed waits for an execution to fail with an error of that name.
func (w *world) failed(t *testing.T, name, outcome string) {
	t.Helper()
	got := w.ended(t, name)
	if got.Status != types.ExecutionStatusFailed || value(got.Error) != outcome {
		t.Errorf("execution %s: %s, %s, %s; it should have failed with %s", name, got.Status, value(got.Error), value(got.Cause), outcome)
	}
}

func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
