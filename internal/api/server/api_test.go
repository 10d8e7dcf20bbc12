package server_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/api/server"
	"github.com/takeup/takeup/internal/caps"
	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/jobs/listing"
	"github.com/takeup/takeup/internal/jobs/view"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/report"
)

var update = flag.Bool("update", false, "write the golden files")

// fakeJobs is a Jobs with the jobs that a test gives it.
type fakeJobs struct {
	requests map[string]string // hashes, by id
	views    map[string]view.View
	err      error
	panics   bool
	standing *caps.Standing // nil: uncapped
	asked    []string
	used     used
	posts    []jobs.Post
	batches  fakeBatches
	owner    string // of the last that was started
	posters  [][]byte
}

func (j *fakeJobs) Start(_ context.Context, id string, r video.Request, from video.Origin) (jobs.Receipt, error) {
	if j.panics {
		panic("a bug")
	}
	if j.err != nil {
		return jobs.Receipt{}, j.err
	}
	if hash, ok := j.requests[id]; ok && hash != r.Hash() {
		return jobs.Receipt{}, &jobs.Mismatch{ID: id}
	}
	j.owner = from.Token
	if from != (video.Origin{Trigger: video.TriggerAPI, Token: from.Token}) {
		return jobs.Receipt{}, fmt.Errorf("started from %+v", from)
	}
	j.requests[id] = r.Hash()
	return jobs.Receipt{View: view.View{ID: id}}, nil
}

// Send is Start with the id of the post.
func (j *fakeJobs) Send(ctx context.Context, p jobs.Post, r video.Request, from video.Origin) (jobs.Receipt, error) {
	j.posts = append(j.posts, p)
	receipt, err := j.Start(ctx, p.ID, r, from)
	receipt.ID = p.ID
	return receipt, err
}

func (j *fakeJobs) Status(_ context.Context, id string) (view.View, error) {
	if j.err != nil {
		return view.View{}, j.err
	}
	shown, ok := j.views[id]
	if !ok {
		return view.View{}, &video.NoEntry{ID: id}
	}
	return shown, nil
}

func (j *fakeJobs) Statuses(ctx context.Context, ids []string) ([]view.View, error) {
	var views []view.View
	for _, id := range ids {
		shown, err := j.Status(ctx, id)
		if absent := (*video.NoEntry)(nil); errors.As(err, &absent) {
			continue
		}
		if err != nil {
			return nil, err
		}
		views = append(views, shown)
	}
	return views, nil
}

// File finds that the video of "gone" is not in the bucket.
func (j *fakeJobs) File(ctx context.Context, id string) (view.View, error) {
	shown, err := j.Status(ctx, id)
	if id == "gone" {
		shown.State, shown.Manifest, shown.Outcome = video.StateFailed, nil, &video.Outcome{Name: "VideoGone", Message: "the video was taken out of the bucket", At: at}
	}
	return shown, err
}

// List returns the jobs in the order of their ids.
func (j *fakeJobs) List(_ context.Context, q listing.Query) (listing.Page, error) {
	j.asked = append(j.asked, fmt.Sprintf("%+v", q))
	if j.err != nil {
		return listing.Page{}, j.err
	}
	if q.Cursor == "old" {
		return listing.Page{}, &listing.BadCursor{Reason: "is too old, or not of this list"}
	}
	var page listing.Page
	for _, id := range slices.Sorted(maps.Keys(j.views)) {
		switch {
		case len(q.States) > 0 && !slices.Contains(q.States, j.views[id].State), q.Model != "" && q.Model != j.views[id].Brief.Model, q.Owner != "" && q.Owner != j.views[id].Origin.Token, id <= q.Cursor:
		case len(page.Views) == q.Limit:
			page.Next = page.Views[q.Limit-1].ID
			if q.Words != "" {
				page.Searched = at
			}
			return page, nil
		default:
			shown := j.views[id]
			shown.Request, shown.History = nil, nil
			page.Views = append(page.Views, shown)
		}
	}
	return page, nil
}

// Cancel cancels a queued job, and discards a generating one.
func (j *fakeJobs) Cancel(_ context.Context, id string, discard bool) (view.View, error) {
	j.asked = append(j.asked, fmt.Sprintf("cancel %s %v", id, discard))
	shown, ok := j.views[id]
	switch {
	case j.err != nil:
		return shown, j.err
	case !ok:
		return shown, &video.NoEntry{ID: id}
	case shown.State == video.StateQueued:
		shown.State, shown.Outcome, shown.EndedAt = video.StateCancelled, video.NewOutcome(&video.Cancelled{}, at), at
	case shown.State == video.StateGenerating && discard:
		shown.Discard = true
	case shown.State == video.StateGenerating:
		return shown, &jobs.NotCancelled{ID: id, Discardable: true, RetryAfter: 1500 * time.Millisecond, Reason: "it is being submitted"}
	default:
		return shown, &jobs.NotCancelled{ID: id, Reason: "it ended, so there is nothing to cancel"}
	}
	j.views[id] = shown
	return shown, nil
}

// Redrive redrives a failed job.
func (j *fakeJobs) Redrive(_ context.Context, id string) (view.View, error) {
	shown, ok := j.views[id]
	switch {
	case j.err != nil:
		return shown, j.err
	case !ok:
		return shown, &video.NoEntry{ID: id}
	case shown.State != video.StateFailed:
		return shown, &jobs.NotRedriven{ID: id, Reason: "its execution is still running"}
	}
	shown.State, shown.Outcome, shown.EndedAt, shown.Redrivable, shown.Execution = video.StateQueued, nil, time.Time{}, false, id+"-r1"
	return shown, nil
}

// Retry retries a job that waits for room at the provider.
func (j *fakeJobs) Retry(_ context.Context, id string) (view.View, error) {
	shown, ok := j.views[id]
	switch {
	case j.err != nil:
		return shown, j.err
	case !ok:
		return shown, &video.NoEntry{ID: id}
	case shown.State.Ended():
		return shown, &jobs.NotRetried{ID: id, Reason: "it has ended"}
	case shown.Waiting.For != report.WaitRoom:
		return shown, &jobs.NotRetried{ID: id, Reason: "it is being submitted at this moment", RetryAfter: 1500 * time.Millisecond}
	}
	shown.Execution = id + "-r1"
	return shown, nil
}

// Forget forgets a job that has ended.
func (j *fakeJobs) Forget(_ context.Context, id string) (jobs.Forgotten, error) {
	shown, ok := j.views[id]
	switch {
	case j.err != nil:
		return jobs.Forgotten{}, j.err
	case !ok:
		return jobs.Forgotten{}, &video.NoEntry{ID: id}
	case !shown.State.Ended():
		return jobs.Forgotten{}, &jobs.NotForgotten{ID: id, Reason: "it is generating", RetryAfter: 1500 * time.Millisecond}
	}
	outline := shown.Request.Outline()
	shown.Request, shown.Brief, shown.ForgottenAt = &outline, outline.Brief(), at
	if shown.Manifest != nil {
		manifest := shown.Manifest.Forget("hash", at)
		shown.Manifest = &manifest
	}
	return jobs.Forgotten{View: shown, Stays: []jobs.Remnant{
		{What: "the input", Where: "Step Functions", Until: at.AddDate(0, 0, 90)}, {What: "the video", Where: "the videos bucket", Todo: "discard it"},
	}}, nil
}

// links signs URLs and forms that a test can recognize.
type links struct{ err error }

func (l links) URL(_ context.Context, job video.Locator) (string, error) {
	return "https://videos.example/" + job.ID + "?X-Amz-Signature=canary-url&x=1", l.err
}

func (l links) PosterURL(_ context.Context, job video.Locator) (string, error) {
	return "https://videos.example/" + job.ID + "?X-Amz-Signature=canary-url&poster", l.err
}

func (links) URI(job video.Locator) string { return "s3://videos/" + job.ID }

func (l links) DownloadURL(_ context.Context, job video.Locator, name string) (string, error) {
	return "https://videos.example/" + job.ID + "?X-Amz-Signature=canary-url&download=" + name, l.err
}

func (l links) HeadURL(_ context.Context, job video.Locator, _ string) (string, error) {
	return "https://videos.example/" + job.ID + "?X-Amz-Signature=canary-url&head", l.err
}

func (l links) ResultsURL(_ context.Context, id, format string) (string, error) {
	return "https://videos.example/" + id + "/results." + format + "?X-Amz-Signature=canary-url", l.err
}

func (l links) Life() time.Duration { return 15 * time.Minute }

func (l links) Form(_ context.Context, key string, maxBytes int64) (api.Upload, error) {
	return api.Upload{
		URL: "https://prompts.example", Fields: map[string]string{"key": key, "X-Amz-Signature": "canary-form"},
		Key: key, MaxBytes: maxBytes, ExpiresAt: at.Add(time.Minute),
	}, l.err
}

// zeros is a reader of zeros.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

var at = time.Date(2026, 8, 21, 12, 0, 0, 250e6, time.UTC)

const (
	prompt = "canary-prompt: a paper boat"
	boat   = `{"model":"kling-video/v1/pro/text-to-video","prompt":"` + prompt + `"}`
)

func newJobs(t *testing.T) *fakeJobs {
	t.Helper()
	r, err := catalogue.OfPrompt(all.Models(), prompt)
	if err != nil {
		t.Fatal(err)
	}
	began := at.Add(-40 * time.Second)
	manifest := &video.Manifest{
		ID: "done", Model: r.Model(), Request: r, GenerationID: "generation-1", Origin: video.Origin{Trigger: video.TriggerAPI, Token: "alice"}, CreatedAt: began, SubmittedAt: began.Add(time.Second),
		StoringAt: at, StoredAt: at, Polls: 3, Bytes: 1234, CRC32: "y/Q5Jg==", Seconds: 5.041, Width: 1280, Height: 720,
		ChargedMicros: 980000, PipelineVersion: "1a2b3c4d5e6f",
	}
	ended := func(state video.State, err error) view.View {
		return view.View{State: state, Request: &r, CreatedAt: began, EndedAt: at, Outcome: video.NewOutcome(err, at)}
	}
	j := &fakeJobs{requests: map[string]string{}, used: someUsage(r.Model()), batches: someBatches(), views: map[string]view.View{
		"queued":     {State: video.StateQueued, Request: &r, CreatedAt: began, Waiting: waits(report.WaitStart)},
		"generating": {State: video.StateGenerating, Request: &r, CreatedAt: began, SubmittedAt: at.Add(-28 * time.Second), Waiting: waits(report.WaitGeneration)},
		"late":       {State: video.StateGenerating, Request: &r, CreatedAt: began, SubmittedAt: at.Add(-time.Hour), Waiting: waits(report.WaitGeneration)},
		"no-room": {State: video.StateQueued, Request: &r, CreatedAt: began, Waiting: &view.Waiting{
			For: report.WaitRoom, Since: began, NextAt: at.Add(time.Minute), Until: at.Add(time.Hour), LastError: "429 <&>", Paid: video.PaidNo, Message: "The provider has no room.",
		}},
		"done":       {State: video.StateCompleted, Request: &r, Manifest: manifest, CreatedAt: began, SubmittedAt: began.Add(time.Second), EndedAt: at},
		"gone":       {State: video.StateCompleted, Request: &r, Manifest: manifest, CreatedAt: began, SubmittedAt: began.Add(time.Second), EndedAt: at},
		"failed":     ended(video.StateFailed, &video.GenerationFailed{GenerationID: "generation-1", Said: "moderation <&>"}),
		"poor":       ended(video.StateFailed, &video.OutOfCredits{}),
		"cancelled":  ended(video.StateCancelled, &video.Cancelled{}),
		"discarded":  ended(video.StateDiscarded, &video.Discarded{GenerationID: "generation-1", Micros: 980000}),
		"no-request": {State: video.StateFailed, CreatedAt: began, EndedAt: at, Outcome: &video.Outcome{Name: "States.Timeout", Message: "it took long", At: at}},
	}}
	for id, shown := range j.views {
		shown.ID, shown.Redrivable = id, id == "poor" || id == "discarded"
		shown.Origin.Trigger = video.TriggerExecution
		if shown.Request != nil {
			shown.History = []view.HistoryEvent{{At: shown.CreatedAt, Kind: report.EventTaken, Message: "taken by the API"}}
			shown.Brief, shown.Origin = r.Brief(), video.Origin{Trigger: video.TriggerAPI, Token: "alice"}
		}
		if id == "queued" {
			shown.Origin = video.Origin{Trigger: video.TriggerFile, Bucket: "prompts", Key: "a boat.txt", Version: "v1"}
		}
		if id == "late" {
			shown.Origin = video.Origin{Trigger: video.TriggerBatch, Token: "alice", Batch: "batches-a", Line: 7, Copy: 2, Label: "Boat"}
		}
		j.views[id] = shown
	}
	return j
}

func waits(kind report.WaitKind) *view.Waiting {
	return &view.Waiting{For: kind, Since: at.Add(-time.Minute), Paid: video.PaidYes, Message: "It waits."}
}

// newAPI returns an API whose fields are all fakes.
func newAPI(j *fakeJobs, l links, log io.Writer) *server.API {
	a := &server.API{
		Jobs: j, Batches: &j.batches, Videos: l, Uploads: l, Estimator: clockwork{}, Prices: prices(), Caps: j, Usage: &j.used, Simulated: true,
		Random: zeros{}, Now: func() time.Time { return at }, Log: slog.New(slog.NewJSONHandler(log, nil)),
	}
	a.Page = page{a.NotFound()}
	return a
}

func newHandler(j *fakeJobs, l links, log io.Writer) http.Handler { return newAPI(j, l, log).Handler() }

// call is a request that a client sends, with the token that the API must not log.
type call struct {
	method, target string
	header         map[string]string
	body           string
}

func (c call) request() *http.Request {
	r := httptest.NewRequest(c.method, c.target, strings.NewReader(c.body))
	r.Header.Set("Authorization", "Bearer canary-token")
	r.Header.Set("X-Request-Id", "request-1")
	if c.body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for name, value := range c.header {
		r.Header.Set(name, value)
		if value == "-" {
			r.Header.Del(name)
		}
	}
	return r
}

// transcript returns a reply as a client sees it.
func transcript(w *httptest.ResponseRecorder) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d %s\n", w.Code, http.StatusText(w.Code))
	for _, name := range slices.Sorted(maps.Keys(w.Header())) {
		fmt.Fprintf(&b, "%s: %s\n", name, strings.Join(w.Header()[name], ", "))
	}
	fmt.Fprintf(&b, "\n%s", w.Body)
	return b.String()
}

// reply is a call and the state of the fakes at the time. Its reply is a golden file.
type reply struct {
	call
	before *call // sent first
	err    error // of every job
	urlErr error
	panics bool
	caps   *caps.Standing
	used   *used
}

var trouble = &video.ServiceUnavailable{Doing: "reading", Err: errors.New("arn:aws:secret-arn throttled")}
