package pipeline_test

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/takeup/takeup/internal/bucket"
	"github.com/takeup/takeup/internal/bucket/objectkey"
	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/operator"
	"github.com/takeup/takeup/internal/pipeline/check"
	"github.com/takeup/takeup/internal/pipeline/store"
	"github.com/takeup/takeup/internal/pipeline/submit"
	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/schedule"
	"github.com/takeup/takeup/internal/schedule/timings"
	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/table/dynamo"
	"github.com/takeup/takeup/internal/table/dynamotest"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/wait"
)

// This file is a stage for the exhaustive tests: DynamoDB, S3, the provider and the secret in
// memory, and an interpreter of statemachine/text_to_video.asl.json. Every external call passes
// through moments, which can fail it before or after its effect, or end or hold the invocation
// there. The stage runs in a synctest bubble, so that days take no time.

// stage is the state that outlives invocations.
type stage struct {
	adapter  adapter // of the provider
	items    dynamotest.Items
	objects  map[string]stored
	writes   int
	marks    int // counts the marks; no two writers get the same
	accepted []generation
	now      *moments // of the current invocation
	stopped  bool     // the execution was stopped: the current invocation runs to its end, and no other follows
	patience time.Duration
	counted  ddb.AttributeValue // the job's money when the counters were last compared with it
	wrong    string             // first difference between the counters and the items

	definition definition // of the state machine
}

type stored struct{ body, etag string }

// newStage returns an empty stage, or one whose job is already created. Its provider is that of
// the adapter.
func newStage(begun start) *stage {
	s := &stage{adapter: begun.adapter, objects: map[string]stored{}, now: &moments{}, patience: 65 * time.Second, definition: textToVideo()}
	time.Sleep(time.Until(monthEnd())) // so that a job's life spans two days and two months
	took := slices.Repeat([]schedule.Seen{{After: 60 * time.Second, By: 70 * time.Second}}, schedule.Window)
	if err := s.table().PutTimes(context.Background(), catalogue.Default(all.Models()), 5, schedule.Past{Seen: took}, ""); err != nil {
		panic(err)
	}
	if err := s.table().PutControl(context.Background(), operator.Control{Table: "jobs"}, ""); err != nil {
		panic(err)
	}
	if begun.created {
		if _, _, err := s.table().Create(context.Background(), created()); err != nil {
			panic(err)
		}
	}
	s.now = &moments{}
	return s
}

// often is a schedule that polls twice in a poll window, and then leaves it.
func often() schedule.Schedule {
	return schedule.Schedule{
		First: time.Minute, Interval: 20 * time.Second, RequestGap: 15 * time.Second, PollWindow: 15 * time.Second,
		Soft: 30 * time.Minute, Hard: 24 * time.Hour,
	}
}

func (s *stage) Query(ctx context.Context, in *dynamodb.QueryInput, _ ...func(*dynamodb.Options)) (out *dynamodb.QueryOutput, err error) {
	kind := "get times"
	partition, _ := in.ExpressionAttributeValues[":pk"].(*ddb.AttributeValueMemberS)
	switch {
	case in.IndexName != nil:
		kind = "list jobs"
	case partition == nil:
	case strings.HasPrefix(partition.Value, "job#"):
		kind = "get job"
	case partition.Value == "money":
		kind = "get money"
	}
	if s.now.do(kind, func() { out, err = s.items.Query(ctx, in) }) != "" {
		return nil, outage()
	}
	return out, err
}

func (s *stage) PutItem(ctx context.Context, in *dynamodb.PutItemInput, _ ...func(*dynamodb.Options)) (out *dynamodb.PutItemOutput, err error) {
	kind := kindOfPut(in.Item)
	put := func() {
		if out, err = s.items.PutItem(ctx, in); kind == "put job" { // no other item has money
			s.count(in.Item, false)
		}
	}
	effect := put
	if s.now.comes() == marked {
		effect = func() { s.markStarted(ctx); put() }
	}
	switch s.now.do(kind, effect) {
	case failBefore, failAfter, late:
		return nil, outage()
	case conflict:
		return nil, &ddb.TransactionConflictException{}
	case twice:
		put()
		put()
	}
	return out, err
}

func (s *stage) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, _ ...func(*dynamodb.Options)) (out *dynamodb.TransactWriteItemsOutput, err error) {
	counters := slices.ContainsFunc(in.TransactItems, func(w ddb.TransactWriteItem) bool { return w.Update != nil })
	put := func() {
		out, err = s.items.TransactWriteItems(ctx, in)
		s.count(in.TransactItems[0].Put.Item, counters)
	}
	kind, effect := "put new job", put
	if in.TransactItems[0].Put.ExpressionAttributeValues != nil { // conditional on a version
		kind = "put money job"
	}
	if s.now.comes() == marked {
		effect = func() { s.markStarted(ctx); put() }
	}
	switch s.now.do(kind, effect) {
	case failBefore, failAfter, late:
		return nil, outage()
	case underWay:
		put()
		return nil, &ddb.TransactionInProgressException{}
	case conflict:
		return nil, &ddb.TransactionCanceledException{CancellationReasons: []ddb.CancellationReason{{Code: aws.String("TransactionConflict")}, {Code: aws.String("None")}}}
	case twice:
		put()
		forgotten := *in // the ten minutes of the idempotency token are over
		forgotten.ClientRequestToken = nil
		in = &forgotten
		put()
	}
	return out, err
}

func (s *stage) GetObject(_ context.Context, in *s3.GetObjectInput, _ ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	var found stored
	var ok bool
	if f := s.now.do("get "+kindOf(*in.Key), func() { found, ok = s.objects[*in.Key] }); f != "" {
		return nil, status(http.StatusServiceUnavailable)
	}
	if !ok {
		return nil, &types.NoSuchKey{}
	}
	return &s3.GetObjectOutput{Body: io.NopCloser(strings.NewReader(found.body)), ETag: aws.String(found.etag)}, nil
}

func (s *stage) PutObject(_ context.Context, in *s3.PutObjectInput, _ ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
	body, err := io.ReadAll(in.Body)
	if err != nil {
		return nil, err
	}
	var etag string
	code := http.StatusOK
	put := func() { etag, code = s.put(in, string(body)) }
	switch s.now.do("put "+kindOf(*in.Key), put) {
	case failBefore, failAfter:
		return nil, status(http.StatusServiceUnavailable)
	case conflict:
		return nil, status(http.StatusConflict)
	case twice:
		put()
		put()
	}
	if code != http.StatusOK {
		return nil, status(code)
	}
	return &s3.PutObjectOutput{ETag: &etag}, nil
}

func (s *stage) DeleteObject(_ context.Context, in *s3.DeleteObjectInput, _ ...func(*s3.Options)) (*s3.DeleteObjectOutput, error) {
	if s.now.do("delete "+kindOf(*in.Key), func() { delete(s.objects, *in.Key) }) != "" {
		return nil, status(http.StatusServiceUnavailable)
	}
	return &s3.DeleteObjectOutput{}, nil
}

func (s *stage) put(in *s3.PutObjectInput, body string) (string, int) {
	there, ok := s.objects[*in.Key]
	switch {
	case in.IfNoneMatch != nil && ok, in.IfMatch != nil && ok && there.etag != *in.IfMatch:
		return "", http.StatusPreconditionFailed
	case in.IfMatch != nil && !ok:
		return "", http.StatusNotFound
	}
	s.writes++
	s.objects[*in.Key] = stored{body: body, etag: strconv.Itoa(s.writes)}
	return s.objects[*in.Key].etag, http.StatusOK
}

// kindOf names an object by its key without the job's id.
func kindOf(key string) string { return key[strings.LastIndex(key, "/")+1:] }

func (s *stage) Current(context.Context) (video.Key, error) {
	if s.now.do("secret", func() {}) != "" {
		return video.Key{}, &video.ServiceUnavailable{Doing: "reading the key", Err: outage()}
	}
	return video.Key{Value: "key", Version: "v1"}, nil
}

func (s *stage) Reread(ctx context.Context) (video.Key, error) { return s.Current(ctx) }

func (s *stage) Version(ctx context.Context, _ string) (video.Key, error) { return s.Current(ctx) }

// Copy writes the whole file or nothing. It leaves an existing file as it is, without asking for
// its URL.
func (s *stage) Copy(ctx context.Context, source func(context.Context) (string, error), key string) (video.Copied, error) {
	there, ok := s.objects[key]
	if !ok {
		url, err := source(ctx)
		if err != nil {
			return video.Copied{}, err
		}
		there = stored{body: url}
	}
	if s.now.do("copy", func() { s.objects[key] = there }) != "" {
		return video.Copied{}, outage()
	}
	return video.Copied{Bytes: int64(len(there.body)), CRC32: there.body}, nil
}

// table returns the table on this stage.
func (s *stage) table() *table.Table { return s.tableOf(s) }

func (s *stage) tableOf(client dynamo.Client) *table.Table {
	mark := func() string { s.marks++; return strconv.Itoa(s.marks) }
	return table.New(client, "jobs", mark, func(time.Duration) time.Duration { return 0 })
}

// stores returns the table and the manifests on this stage.
func (s *stage) stores() (*table.Table, *bucket.Manifests) {
	return s.table(), bucket.NewManifests(s, "videos")
}

// steps returns the three steps on this stage.
func (s *stage) steps() (*submit.Step, *check.Step, *store.Step) {
	entries, manifests := s.stores()
	known, providers := timings.New(entries, nil, quiet()), provider.Accounts{{Provider: s.adapter.of(s), Keys: s}}
	submitting := &submit.Step{
		Providers: providers, Jobs: entries,
		Schedule: often(), Timings: known, Prices: flat{},
		Limits: budget.Limits{DayMicros: 2_000_000, MonthMicros: 2_000_000, InFlight: 2},
		Times: submit.Times{
			Call: 45 * time.Second, Write: 10 * time.Second, Busy: 15 * time.Second,
			LookUpFirst: 30 * time.Second, LookUpWindow: 2 * time.Hour, Hard: 24 * time.Hour, CapWait: 24 * time.Hour,
		},
		Now: time.Now, Jitter: func(time.Duration) time.Duration { return 0 }, Log: quiet(),
	}
	checking := &check.Step{
		Providers: providers, Jobs: entries,
		Schedule: often(), Timings: known, Now: time.Now, Sleep: wait.For, Log: quiet(),
	}
	storing := &store.Step{Providers: providers, Jobs: entries, Copier: s, Manifests: manifests, Now: time.Now}
	return submitting, checking, storing
}

// crash is the platform's error for an invocation that ended early.
type crash struct{}

func (crash) Error() string { return "Runtime.ExitError" }

// stored returns the file that is stored for a job, and whether it has a manifest.
func (s *stage) stored(id string) (file string, hasManifest bool) {
	for key, object := range s.objects {
		switch parsed, _ := objectkey.Parse(key); {
		case parsed.Job.ID != id:
		case parsed.Kind == objectkey.KindVideo:
			file = object.body
		case parsed.Kind == objectkey.KindManifest:
			hasManifest = true
		}
	}
	return file, hasManifest
}
