package jobs_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/jobs/listing"
	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/table/dynamotest"
	"github.com/takeup/takeup/internal/video"
)

// recorder records the calls to a table, a bucket and a state machine.
type recorder struct {
	*dynamotest.Items
	*machine
	manifests
	calls []string
}

func (r *recorder) Query(ctx context.Context, in *dynamodb.QueryInput, o ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	r.calls = append(r.calls, "Query")
	return r.Items.Query(ctx, in, o...)
}

func (r *recorder) PutItem(ctx context.Context, in *dynamodb.PutItemInput, o ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	r.calls = append(r.calls, "PutItem")
	return r.Items.PutItem(ctx, in, o...)
}

func (r *recorder) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, o ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	r.calls = append(r.calls, "TransactWriteItems")
	return r.Items.TransactWriteItems(ctx, in, o...)
}

func (r *recorder) StartExecution(ctx context.Context, in *sfn.StartExecutionInput, o ...func(*sfn.Options)) (*sfn.StartExecutionOutput, error) {
	r.calls = append(r.calls, "StartExecution")
	return r.machine.StartExecution(ctx, in, o...)
}

func (r *recorder) DescribeExecution(ctx context.Context, in *sfn.DescribeExecutionInput, o ...func(*sfn.Options)) (*sfn.DescribeExecutionOutput, error) {
	r.calls = append(r.calls, "DescribeExecution")
	return r.machine.DescribeExecution(ctx, in, o...)
}

func (r *recorder) Manifest(ctx context.Context, job video.Locator) (video.Manifest, bool, error) {
	r.calls = append(r.calls, "GetObject")
	return r.manifests.Manifest(ctx, job)
}

// Each call of the API makes exactly the expected calls to AWS.
func TestCallsToAWS(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{Items: &dynamotest.Items{}, machine: &machine{executions: map[string]*sfn.DescribeExecutionOutput{}}, manifests: manifests{}}
		n := 0
		mark := func() string { n++; return fmt.Sprint(n) }
		s := jobs.New(table.New(r, "jobs", mark, func(time.Duration) time.Duration { return 0 }), r, executions(t, r), time.Now)
		boat, ctx := request(t, "a boat"), t.Context()
		start := func(id string) error {
			_, err := s.Start(ctx, id, boat, video.Origin{Trigger: video.TriggerAPI})
			return err
		}
		list := func(q listing.Query) func() error {
			return func() error {
				q.Limit = api.MaxPage
				page, err := s.List(ctx, q)
				if err == nil && len(page.Views) != api.MaxPage {
					err = fmt.Errorf("a page of %d", len(page.Views))
				}
				return err
			}
		}
		for i := range api.MaxPage {
			if err := start(fmt.Sprint("job-", i)); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(dynamotest.Lag)
		for _, test := range []struct {
			name string
			do   func() error
			want []string
		}{
			{"a start", func() error { return start("another") }, []string{"TransactWriteItems", "StartExecution", "PutItem"}},
			{"the same start", func() error { return start("another") }, []string{"TransactWriteItems", "Query", "DescribeExecution"}},
			{"a POST without a key", func() error {
				_, err := s.Send(ctx, jobs.Post{ID: "sent", At: time.Now()}, boat, video.Origin{Trigger: video.TriggerAPI})
				return err
			}, []string{"TransactWriteItems", "StartExecution", "PutItem"}},
			{"the same POST by another client", func() error {
				_, err := s.Send(ctx, jobs.Post{ID: "sent-too", At: time.Now()}, boat, video.Origin{Trigger: video.TriggerAPI})
				return err
			}, []string{"TransactWriteItems", "Query", "TransactWriteItems", "StartExecution", "PutItem"}},
			{"a status", func() error { _, err := s.Status(ctx, "job-1"); return err }, []string{"Query"}},
			{"a list", list(listing.Query{}), []string{"Query"}},
			{"a list by status", list(listing.Query{States: []video.State{video.StateQueued}}), []string{"Query"}},
			{"a list of what runs", list(listing.Query{States: []video.State{video.StateQueued, video.StateGenerating}}), []string{"Query", "Query"}},
			{"a cancellation", func() error { _, err := s.Cancel(ctx, "job-1", false); return err }, []string{"Query", "TransactWriteItems"}},
		} {
			r.calls = nil
			if err := test.do(); err != nil {
				t.Errorf("%s: %v", test.name, err)
			}
			if slices.Contains(test.want, "TransactWriteItems") {
				time.Sleep(dynamotest.Lag)
			}
			if !slices.Equal(r.calls, test.want) {
				t.Errorf("%s: %v", test.name, r.calls)
			}
		}
	})
}

func (r *recorder) StopExecution(ctx context.Context, in *sfn.StopExecutionInput, o ...func(*sfn.Options)) (*sfn.StopExecutionOutput, error) {
	r.calls = append(r.calls, "StopExecution")
	return r.machine.StopExecution(ctx, in, o...)
}
