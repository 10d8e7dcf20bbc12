package gather_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/takeup/takeup/internal/bucket"
	"github.com/takeup/takeup/internal/bucket/objectkey"
	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/promptfile"
	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/provider/aimlapi"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/script"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/reconcile"
	"github.com/takeup/takeup/internal/reconcile/gather"
	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/table/dynamotest"
	"github.com/takeup/takeup/internal/table/record"
	"github.com/takeup/takeup/internal/video"
)

var (
	to   = time.Date(2026, 8, 21, 12, 0, 0, 0, time.UTC)
	from = to.Add(-24 * time.Hour)
)

const model = "kling-video/v1/pro/text-to-video"

type object struct {
	bucket, key, version, body string
	at                         time.Time
}

// store is a fake S3 that lists pages of two.
type store struct {
	mu      sync.Mutex
	objects []object
	err     error
}

func newStore() *store { return &store{} }

func (s *store) put(key, body string) { s.putVersion("videos", key, "", body, to) }

func (s *store) putVersion(bucket, key, version, body string, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.objects = append(s.objects, object{bucket, key, version, body, at})
}

func (s *store) page(bucket, prefix, after string) (page []object, next *string) {
	var all []object
	for _, o := range s.objects {
		if o.bucket == bucket && strings.HasPrefix(o.key, prefix) {
			all = append(all, o)
		}
	}
	begin, _ := strconv.Atoi(after) // 0 on the first page
	end := min(begin+2, len(all))
	if end < len(all) {
		next = aws.String(fmt.Sprint(end))
	}
	return all[begin:end], next
}

func (s *store) ListObjectsV2(_ context.Context, in *s3.ListObjectsV2Input, _ ...func(*s3.Options)) (*s3.ListObjectsV2Output, error) {
	page, next := s.page(*in.Bucket, *in.Prefix, aws.ToString(in.ContinuationToken))
	out := &s3.ListObjectsV2Output{NextContinuationToken: next, IsTruncated: aws.Bool(next != nil)}
	for _, o := range page {
		out.Contents = append(out.Contents, types.Object{Key: aws.String(o.key)})
	}
	return out, s.err
}

func (s *store) ListObjectVersions(_ context.Context, in *s3.ListObjectVersionsInput, _ ...func(*s3.Options)) (*s3.ListObjectVersionsOutput, error) {
	page, next := s.page(*in.Bucket, "", aws.ToString(in.KeyMarker))
	out := &s3.ListObjectVersionsOutput{NextKeyMarker: next, IsTruncated: aws.Bool(next != nil)}
	for _, o := range page {
		out.Versions = append(out.Versions, types.ObjectVersion{Key: aws.String(o.key), VersionId: aws.String(o.version), LastModified: aws.Time(o.at)})
	}
	return out, s.err
}

func (s *store) GetObject(_ context.Context, in *s3.GetObjectInput, _ ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range slices.Backward(s.objects) {
		if o.bucket == *in.Bucket && o.key == *in.Key && (in.VersionId == nil || o.version == *in.VersionId) {
			return &s3.GetObjectOutput{Body: io.NopCloser(strings.NewReader(o.body))}, nil
		}
	}
	return nil, &types.NoSuchKey{}
}

// keyring has a key's versions.
type keyring map[string]string

func (k keyring) Current(context.Context) (video.Key, error) {
	return k.Version(context.Background(), "v2")
}

func (k keyring) Reread(ctx context.Context) (video.Key, error) { return k.Current(ctx) }

func (k keyring) Version(_ context.Context, version string) (video.Key, error) {
	if k[version] == "" {
		return video.Key{}, &video.NoKeyVersion{Version: version}
	}
	return video.Key{Value: k[version], Version: version}, nil
}

// machine has the latest executions, and a hook called when one is read.
type machine struct {
	latest map[string]gather.Execution
	hook   func()
}

func (m machine) Latest(_ context.Context, id string) (gather.Execution, error) {
	if m.hook != nil {
		m.hook()
	}
	return m.latest[id], nil
}

// world has a provider where two keys have each bought a video.
type world struct {
	*store
	items    *dynamotest.Items
	provider *sim.Server
	sources  gather.Sources
	ids      []string // generation IDs
}

func newWorld(t *testing.T) *world {
	t.Helper()
	var mu sync.Mutex
	now := to.Add(-time.Hour)
	clock := func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	settings, balance := script.DefaultSettings(), 100.0
	settings.Keys, settings.BalanceUSD, settings.JobSeconds, settings.IDForm = []string{"key-one", "key-two"}, &balance, 2, script.IDWithModel
	server, err := sim.New(sim.Config{Settings: settings, Clock: clock, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	listening := httptest.NewServer(server)
	t.Cleanup(listening.Close)
	client := aimlapi.New(aimlapi.Config{BaseURL: listening.URL, Route: aimlapi.RouteLegacy, Now: clock})
	w := &world{store: newStore(), provider: server, items: &dynamotest.Items{}}
	request, err := catalogue.OfPrompt(all.Models(), "a paper boat")
	if err != nil {
		t.Fatal(err)
	}
	keys := keyring{"v1": "key-one", "v2": "key-two"}
	for i, version := range []string{"v1", "v2"} {
		id := fmt.Sprintf("job-%d", i+1)
		key, _ := keys.Version(t.Context(), version)
		generation, err := client.Submit(t.Context(), key, id+".1", request)
		if err != nil {
			t.Fatal(err)
		}
		w.ids = append(w.ids, generation.ID)
		// The first job never received its generation ID.
		entry := video.Entry{
			ID: id, Phase: video.PhaseUnanswered, Attempt: 1, Provider: "aimlapi", KeyVersion: version, ClaimedAt: clock(),
			Outcome: &video.Outcome{Name: "SubmissionLost", Detail: []byte("{}"), At: clock()},
		}
		if i == 1 {
			entry.Phase, entry.SubmittedAt, entry.GenerationID, entry.Outcome = video.PhaseAccepted, clock(), generation.ID, nil
			w.put(objectkey.Video(entry.Locator()), "video")
			w.put(objectkey.Manifest(entry.Locator()), fmt.Sprintf(`{"id":%q,"generation_id":%q}`, id, generation.ID))
		}
		w.create(t, entry)
	}
	mu.Lock()
	now = to
	mu.Unlock()
	w.sources = gather.Sources{
		Jobs: w.jobs(), IDs: table.NewScan(w.items, "jobs"), Contents: w.jobs(), Prices: w.jobs(), Counters: w.jobs(), Batches: w.jobs(), Manifests: bucket.NewManifests(nothingElse{w.store}, "videos"),
		Executions: machine{}, Accounts: provider.Accounts{{Provider: client, Keys: keys}},
		Objects: gather.Objects{Client: w.store, Videos: "videos", PromptFiles: "prompts"},
	}
	return w
}

// jobs returns the table.
func (w *world) jobs() *table.Table {
	return table.New(w.items, "jobs", rand.Text, func(time.Duration) time.Duration { return 0 })
}

// create writes a job with a unique request.
func (w *world) create(t *testing.T, entry video.Entry) {
	t.Helper()
	request, err := catalogue.OfPrompt(all.Models(), "a paper boat")
	if err != nil {
		t.Fatal(err)
	}
	entry.Request, entry.RequestHash, entry.CreatedAt = request, request.Hash(), from
	if _, _, err := w.jobs().Create(t.Context(), entry); err != nil {
		t.Fatal(err)
	}
}

// nothingElse is a store that only allows reads.
type nothingElse struct{ *store }

func (nothingElse) DeleteObject(context.Context, *s3.DeleteObjectInput, ...func(*s3.Options)) (*s3.DeleteObjectOutput, error) {
	return nil, errors.New("unexpected removal")
}

func (w *world) report(t *testing.T) reconcile.Report {
	t.Helper()
	facts, err := w.sources.Gather(t.Context(), from, to)
	if err != nil {
		t.Fatal(err)
	}
	return reconcile.Compare(facts)
}

// The older key's logs say whose a charge is that the newer key's logs don't know.
func TestGather(t *testing.T) {
	w := newWorld(t)
	w.putVersion("prompts", "lost.txt", "v", "a boat", to.Add(-time.Hour))
	w.putVersion("prompts", "no.mp4", "v", "a boat", to.Add(-time.Hour))
	w.putVersion("prompts", "older.txt", "v", "a boat", from.Add(-time.Hour))
	w.putVersion("prompts", "twice.mp4", "v", "a boat", to.Add(-time.Hour))
	w.putVersion("prompts", "._lost.txt", "v", "a boat", to.Add(-time.Hour))
	// One file with an earlier version, and another that was moved.
	w.putVersion("prompts", "job.txt", "v", "another boat", to.Add(-time.Hour))
	w.putVersion("prompts", "job.txt", "w", "a third boat", to.Add(-time.Hour))
	w.putVersion("prompts", "done/job.txt", "v", "another boat", to.Add(-time.Hour))
	other, third := promptfile.Sum([]byte("another boat")), promptfile.Sum([]byte("a third boat"))
	for _, sum := range []string{other, third} {
		job := promptfile.JobID("prompts", "job.txt", sum)
		w.create(t, video.Entry{ID: job, Outcome: video.NewOutcome(&video.OutOfCredits{}, to)})
	}
	if err := w.jobs().PutContent(t.Context(), other, record.Content{Job: promptfile.JobID("prompts", "job.txt", other), Key: "job.txt"}, ""); err != nil {
		t.Fatal(err)
	}
	w.put("rejected/no.mp4.json", `{"bucket":"prompts","key":"no.mp4","version_id":"v"}`)
	w.put("rejected/twice.mp4.json", `{"bucket":"prompts","key":"twice.mp4","version_id":"w","at":"2026-08-21T11:30:00Z"}`)
	w.put("videos/job-1/other", "")
	report := w.report(t)
	if len(report.Findings) != 2 || len(report.Unknown) != 0 || len(report.Notes) != 2 || report.Paid != 2 || report.Micros == 0 || report.Jobs != 4 || report.Prompts != 7 {
		t.Fatalf("got %+v", report)
	}
	if f := report.Findings[0]; f.Kind != reconcile.Charge || w.ids[0] != f.What || f.Job != "job-1" {
		t.Errorf("got %+v", f)
	}
	if f := report.Findings[1]; f.Kind != reconcile.Prompt || f.What != "lost.txt" {
		t.Errorf("got %+v", f)
	}
	if n := report.Notes[0]; n.What != "done/job.txt" || n.Job != promptfile.JobID("prompts", "job.txt", other) {
		t.Errorf("got %+v", n)
	}
}

func TestGatherWithoutTheOlderKey(t *testing.T) {
	w := newWorld(t)
	w.sources.Accounts[0].Keys = keyring{"v2": "key-two"}
	report := w.report(t)
	if len(report.Unknown) != 1 || !strings.Contains(report.Unknown[0].Reason, "no longer has version v1") {
		t.Errorf("unknown: %+v", report.Unknown)
	}
	// The account's transactions have the charge, but its owner is unknown.
	if len(report.Findings) != 1 || report.Findings[0].Job != "" || report.Findings[0].What != w.ids[0] {
		t.Errorf("findings: %+v", report.Findings)
	}
}

func TestGatherWhereTheProviderRefuses(t *testing.T) {
	for kind, want := range map[script.Kind]string{script.KindLogs: "logs", script.KindTransactions: "transactions"} {
		w := newWorld(t)
		settings := w.provider.Settings()
		settings.Faults = []script.Rule{{On: kind, Fault: script.Fault{Status: 503}}}
		if err := w.provider.Change(settings); err != nil {
			t.Fatal(err)
		}
		report := w.report(t)
		if len(report.Unknown) != 2 || !strings.Contains(report.Unknown[0].Source, want) || report.Settled() {
			t.Errorf("%s: unknown: %+v", kind, report.Unknown)
		}
		for _, n := range report.Notes {
			if strings.Contains(n.Detail, "no charge is recorded for it") {
				t.Errorf("%s: unread records are reported as missing: %+v", kind, n)
			}
		}
	}
	w := newWorld(t)
	w.sources.Accounts[0].Keys = keyring{}
	if report := w.report(t); len(report.Unknown) != 1 || len(report.Findings) != 0 {
		t.Errorf("without a key: %+v", report)
	}
}

// A job that is stored while Gather runs is not reported.
func TestGatherReadsManifestsAgain(t *testing.T) {
	w := newWorld(t)
	w.create(t, video.Entry{ID: "job-3", Phase: video.PhaseAccepted, KeyVersion: "v2", GenerationID: "uuid-3"})
	var once sync.Once
	w.sources.Executions = machine{
		latest: map[string]gather.Execution{"job-3": {Name: "job-3", Status: "SUCCEEDED"}},
		hook: func() {
			once.Do(func() {
				w.put(objectkey.Manifest(video.Locator{ID: "job-3"}), `{"id":"job-3","generation_id":"uuid-3"}`)
			})
		},
	}
	for _, f := range w.report(t).Findings {
		if f.Job == "job-3" {
			t.Errorf("named: %+v", f)
		}
	}
}

func TestGatherFails(t *testing.T) {
	w := newWorld(t)
	w.err = errors.New("no list")
	if _, err := w.sources.Gather(t.Context(), from, to); !errors.Is(err, w.err) {
		t.Errorf("got %v", err)
	}
	w = newWorld(t)
	garbled := dynamotest.Attributes{"version": &ddb.AttributeValueMemberN{Value: "1"}}
	for name, value := range map[string]string{"pk": "job#garbled", "sk": "job", "id": "garbled"} {
		garbled[name] = &ddb.AttributeValueMemberS{Value: value}
	}
	if err := w.items.Put(garbled); err != nil {
		t.Fatal(err)
	}
	if _, err := w.sources.Gather(t.Context(), from, to); err == nil || strings.Contains(gather.Plain(err).Error(), "redrive") {
		t.Errorf("got %v", gather.Plain(err))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := newWorld(t).sources.Gather(ctx, from, to); err == nil {
		t.Error("gathered without a context")
	}
}
