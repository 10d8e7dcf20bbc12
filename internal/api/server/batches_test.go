package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/batch"
	"github.com/takeup/takeup/internal/batch/batchfile"
	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/batches"
	"github.com/takeup/takeup/internal/jobs/listing"
	"github.com/takeup/takeup/internal/price"
	"github.com/takeup/takeup/internal/video"
)

// fakeBatches is a Batches with a batch in each state.
type fakeBatches struct {
	views     map[string]batches.View
	results   []batchfile.Result
	orders    []batches.Order
	err       error
	refreshed int
}

func (b *fakeBatches) Create(_ context.Context, o batches.Order) (batches.View, error) {
	b.orders = append(b.orders, o)
	switch {
	case b.err != nil:
		return batches.View{}, b.err
	case o.Name == "running":
		return batches.View{}, &batches.NotStarted{ID: "running", Reason: "its run 1 is under way"}
	case o.AtOnce > 10_000:
		return batches.View{}, &video.InvalidRequest{Fields: []video.FieldError{{Field: "at_once", Message: "takes 1 to 10000"}}}
	}
	return batches.View{Batch: record.Batch{
		ID: "batches-" + o.Name, Name: o.Name, Owner: o.Owner, CreatedAt: at, Attended: true, State: record.Uploading, UploadUntil: o.UploadUntil, Options: record.Options{AtOnce: 20},
	}}, nil
}

func (b *fakeBatches) Get(_ context.Context, id string) (batches.View, error) {
	view, ok := b.views[id]
	switch {
	case b.err != nil:
		return batches.View{}, b.err
	case !ok:
		return batches.View{}, &record.NoBatch{ID: id}
	}
	return view, nil
}

// List returns the batches in the order of their ids, without the wrong lines.
func (b *fakeBatches) List(_ context.Context, limit int, cursor string) (batches.Page, error) {
	switch {
	case b.err != nil:
		return batches.Page{}, b.err
	case cursor == "old":
		return batches.Page{}, &listing.BadCursor{Reason: "is not one that this list gave"}
	}
	var page batches.Page
	for _, id := range slices.Sorted(maps.Keys(b.views)) {
		switch {
		case id <= cursor:
		case len(page.Views) == limit:
			page.Next = page.Views[limit-1].ID
			return page, nil
		default:
			page.Views = append(page.Views, b.views[id])
		}
	}
	return page, nil
}

func (b *fakeBatches) Start(ctx context.Context, id string, skipInvalid bool) (batches.View, error) {
	view, err := b.Get(ctx, id)
	if err == nil && view.State == record.Running {
		return view, &batches.NotStarted{ID: id, Reason: "its run 1 is under way"}
	}
	view.Batch.Start()
	view.SkipInvalid, view.Plan = skipInvalid, nil
	return view, err
}

func (b *fakeBatches) Cancel(ctx context.Context, id string) (batches.Cancelled, error) {
	view, err := b.Get(ctx, id)
	view.State = record.Cancelled
	return batches.Cancelled{View: view, Cancelled: 159, Submitted: 18, Done: 123, Left: 3}, err
}

func (b *fakeBatches) Refresh(context.Context, string) error {
	b.refreshed++
	return b.err
}

func (b *fakeBatches) Results(context.Context, string) iter.Seq2[batchfile.Result, error] {
	return func(yield func(batchfile.Result, error) bool) {
		for _, r := range b.results {
			if !yield(r, nil) {
				return
			}
		}
		if b.err != nil {
			yield(batchfile.Result{}, b.err)
		}
	}
}

func someBatches() fakeBatches {
	share := batch.Share{Model: "kling-video/v1/pro/text-to-video", Videos: 300, Least: 294_000_000, Most: 294_000_000}
	plan := &batch.Plan{
		Lines: 300, Wrong: 2, Videos: map[batch.What]int{batch.New: 300}, Models: []batch.Share{share}, Usual: 300 * 80 * time.Second, Longest: 80 * time.Second,
		Named: []*batchfile.Wrong{
			{Number: 7, Row: 6, Fields: []video.FieldError{{Field: "duration", Message: "is 7; it takes 5 or 10"}}}, {Number: 1200},
		},
		Total: batch.Share{Videos: 300, Least: 294_000_000, Most: 294_000_000, Unbounded: 1, Unpriced: 2},
	}
	view := func(state record.State) batches.View {
		return batches.View{
			Batch: record.Batch{
				Name: "spring <&>", Owner: "alice", CreatedAt: at, Format: "csv", Options: record.Options{AtOnce: 20}, State: state, Run: 1, PlannedAt: at,
				Sources: []record.Source{{Bucket: "prompts", Key: "spring.csv", Version: "v1", Versioned: true}},
			},
			Plan: plan, Counts: batches.Counts{Videos: 300, New: 300},
		}
	}
	uploading, planned, running, ended := view(record.Uploading), view(record.Planned), view(record.Running), view(record.Ended)
	uploading.Plan, uploading.Run, uploading.PlannedAt, uploading.Sources, uploading.Owner, uploading.Counts = nil, 0, time.Time{}, nil, "", batches.Counts{}
	uploading.UploadUntil = at.Add(15 * time.Minute)
	unusable := uploading
	unusable.State, unusable.Reason = record.Unusable, "the file has no prompts"
	running.Counts = batches.Counts{Videos: 300, New: 157, Waiting: 2, Running: 18, Stored: 120, Failed: 2, Cancelled: 1}
	running.Money = batches.Money{Reserved: 17_640_000, Spent: 117_600_000, Uncertain: 980_001}
	running.Paused, running.EstimatedEnd = &batches.Paused{Limit: "day", Until: midnight}, midnight.Add(time.Hour)
	ended.EndedAt = at
	b := fakeBatches{views: map[string]batches.View{"uploading": uploading, "planned": planned, "running": running, "ended": ended, "unusable": unusable}}
	for id, view := range b.views {
		view.ID = id
		b.views[id] = view
	}
	seconds, bytes, usd := 5.04, int64(1234), json.Number("0.98")
	b.results = []batchfile.Result{
		{Line: 2, Label: "=Boat", ID: "batch-a", Status: "completed", Seconds: &seconds, Bytes: &bytes, USD: &usd, S3: "s3://videos/videos/batch-a/video.mp4"},
		{Line: 3, ID: "batch-b", Status: "error", Reason: "moderation <&>", ToDo: "change the prompt"},
	}
	return b
}

// batchesReplies are the replies about batches.
func batchesReplies() map[string]reply {
	get := func(target string) call { return call{"GET", target, nil, ""} }
	post := func(target, body string) call { return call{"POST", target, nil, body} }
	noURL := errors.New("no credentials")
	const order = `{"name":"spring","format":"csv","at_once":20,"skip_invalid":false,"again":true,"max_lines":100,"defaults":{"duration":10}}`
	text := map[string]string{"Content-Type": "text/plain"}
	large := strings.Repeat(" ", 64<<10)
	return map[string]reply{
		"batches":               {call: get("/batches")},
		"batches-limit":         {call: get("/batches?limit=2&cursor=ended")},
		"batches-bad-query":     {call: get("/batches?limit=0&cursor=")},
		"batches-old-cursor":    {call: get("/batches?cursor=old")},
		"batches-trouble":       {call: get("/batches"), err: trouble},
		"batches-put":           {call: call{"PUT", "/batches", nil, order}},
		"batch-create":          {call: call{"POST", "/batches", map[string]string{"Idempotency-Key": "key-1", "X-Token-Owner": "alice"}, order}},
		"batch-create-wrong":    {call: post("/batches", `{"name":7,"format":[],"at_once":0,"skip_invalid":"no","again":1,"max_lines":1.5,"defaults":[],"dry_run":true}`)},
		"batch-create-refused":  {call: post("/batches", `{"name":"a","format":"csv","at_once":10001}`)},
		"batch-create-running":  {call: post("/batches", `{"name":"running","format":"csv"}`)},
		"batch-create-bad-key":  {call: call{"POST", "/batches", map[string]string{"Idempotency-Key": "a b"}, order}},
		"batch-create-text":     {call: call{"POST", "/batches", text, order}},
		"batch-create-large":    {call: post("/batches", large+order)},
		"batch-create-list":     {call: post("/batches", "[]")},
		"batch-create-trouble":  {call: post("/batches", order), err: trouble},
		"batch-create-no-form":  {call: post("/batches", order), urlErr: noURL},
		"batch-uploading":       {call: get("/batches/uploading")},
		"batch-planned":         {call: get("/batches/planned")},
		"batch-running":         {call: get("/batches/running")},
		"batch-ended":           {call: get("/batches/ended")},
		"batch-unusable":        {call: get("/batches/unusable")},
		"batch-unknown":         {call: get("/batches/nobody")},
		"batch-trouble":         {call: get("/batches/running"), err: trouble},
		"batch-head":            {call: call{"HEAD", "/batches/running", nil, ""}},
		"batch-cancel":          {call: call{"DELETE", "/batches/running", nil, ""}},
		"batch-cancel-unknown":  {call: call{"DELETE", "/batches/nobody", nil, ""}},
		"batch-cancel-trouble":  {call: call{"DELETE", "/batches/running", nil, ""}, err: trouble},
		"batch-start":           {call: post("/batches/planned/start", `{"skip_invalid":true}`)},
		"batch-start-bare":      {call: call{"POST", "/batches/ended/start", nil, ""}},
		"batch-start-wrong":     {call: post("/batches/planned/start", `{"skip_invalid":"yes"}`)},
		"batch-start-more":      {call: post("/batches/planned/start", `{"skip":true}`)},
		"batch-start-text":      {call: call{"POST", "/batches/planned/start", text, "{}"}},
		"batch-start-large":     {call: post("/batches/planned/start", large+"{}")},
		"batch-start-running":   {call: post("/batches/running/start", "{}")},
		"batch-start-unknown":   {call: post("/batches/nobody/start", "{}")},
		"batch-start-trouble":   {call: post("/batches/planned/start", "{}"), err: trouble},
		"batch-results":         {call: get("/batches/running/results")},
		"batch-results-jsonl":   {call: get("/batches/running/results?format=jsonl")},
		"batch-results-head":    {call: call{"HEAD", "/batches/running/results?format=csv", nil, ""}},
		"batch-results-ended":   {call: get("/batches/ended/results?format=jsonl")},
		"batch-results-address": {call: get("/batches/ended/results?redirect=false")},
		"batch-results-no-url":  {call: get("/batches/ended/results"), urlErr: noURL},
		"batch-results-early":   {call: get("/batches/uploading/results")},
		"batch-results-format":  {call: get("/batches/running/results?format=xlsx")},
		"batch-results-unknown": {call: get("/batches/nobody/results")},
		"batch-results-trouble": {call: get("/batches/running/results"), err: trouble},
	}
}

// The order has the fields of the request, and the name of its token. All videos are made
// again in one batch for an Idempotency-Key, and in another for each request without one.
func TestBatchOrder(t *testing.T) {
	j := newJobs(t)
	handler := newHandler(j, links{}, io.Discard)
	send := func(key, body string) {
		t.Helper()
		c := call{"POST", api.BatchesPath, map[string]string{"X-Token-Owner": "alice", "Idempotency-Key": key}, body}
		w := httptest.NewRecorder()
		if handler.ServeHTTP(w, c.request()); w.Code != http.StatusAccepted {
			t.Fatalf("%s: %s", body, w.Body)
		}
	}
	send("-", `{"name":"a","format":"jsonl","at_once":null}`)
	send("-", `{"name":"a","format":"csv","at_once":7,"skip_invalid":true,"max_lines":9,"defaults":{"duration":10}}`)
	send("one", `{"name":"a","format":"csv","again":true}`)
	send("one", `{"name":"a","format":"csv","again":true}`)
	send("two", `{"name":"a","format":"csv","again":true}`)
	want := []batches.Order{
		{Name: "a", Format: batchfile.JSONL, Owner: "alice"},
		{Name: "a", Format: batchfile.CSV, Owner: "alice", Options: record.Options{AtOnce: 7, SkipInvalid: true, MaxLines: 9, Defaults: map[string]any{"duration": json.Number("10")}}},
	}
	got := j.batches.orders
	for i := range got {
		if got[i].UploadUntil.IsZero() {
			t.Errorf("order %d has a form that is valid until %v", i, got[i].UploadUntil)
		}
		got[i].UploadUntil = time.Time{}
	}
	if fmt.Sprint(got[:2]) != fmt.Sprint(want) {
		t.Errorf("ordered %+v", got[:2])
	}
	if again := got[2:]; again[0].Again == "" || again[0].Again != again[1].Again || again[0].Again == again[2].Again {
		t.Errorf("all again as %+v", again)
	}
}

// The stored results of a batch that has ended are brought up to date before they are sent.
func TestRefreshedResults(t *testing.T) {
	j := newJobs(t)
	handler := newHandler(j, links{}, io.Discard)
	for id, want := range map[string]int{"running": 0, "ended": 1} {
		j.batches.refreshed = 0
		handler.ServeHTTP(httptest.NewRecorder(), call{"GET", "/batches/" + id + "/results", nil, ""}.request())
		if j.batches.refreshed != want {
			t.Errorf("%s: refreshed %d times, want %d", id, j.batches.refreshed, want)
		}
	}
}

// A file of results that a reply can't hold is refused, before all of it is read.
func TestLargeResults(t *testing.T) {
	j := newJobs(t)
	for len(j.batches.results) < 20_000 {
		j.batches.results = append(j.batches.results, batchfile.Result{Line: 1, Reason: strings.Repeat("long ", 100), USD: new(price.Micros(1).USD())})
	}
	for _, format := range []string{"csv", "jsonl"} {
		w := httptest.NewRecorder()
		newHandler(j, links{}, io.Discard).ServeHTTP(w, call{"GET", "/batches/running/results?format=" + format, nil, ""}.request())
		if w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "too many videos") {
			t.Errorf("%s: %d, %d bytes", format, w.Code, w.Body.Len())
		}
	}
}
