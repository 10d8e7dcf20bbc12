package notify_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/metrics"
	"github.com/takeup/takeup/internal/notify"
	"github.com/takeup/takeup/internal/notify/eventbus"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/table/dynamotest"
	"github.com/takeup/takeup/internal/table/outbox"
	"github.com/takeup/takeup/internal/video"
)

// prompt and said must be in no event.
const (
	prompt = "canary: a paper boat crosses a flooded street"
	said   = "canary: the provider's words"
)

// world is a table, and an Outbox that tells what is in it.
type world struct {
	t      *testing.T
	items  *dynamotest.Items
	table  *table.Table
	outbox *notify.Outbox
	told   []string // the ids of the events that the bus took
	events []types.PutEventsRequestEntry
	queue  []notify.Untold
	// answer is the answer of the bus for an event; nil takes it.
	answer func(id string) *types.PutEventsResultEntry
	down   error // of the whole bus
	full   error // of the queue
	// metrics has the lines that were written for CloudWatch.
	metrics bytes.Buffer
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, items: &dynamotest.Items{}}
	n := 0
	w.table = table.New(w.items, "jobs", func() string { n++; return fmt.Sprint("mark-", n) }, func(time.Duration) time.Duration { return 0 })
	w.outbox = &notify.Outbox{
		Box: outbox.New(w.items, "jobs"), Jobs: w.table, Channels: []notify.Channel{eventbus.Bus{Client: w}}, Queue: w, Bucket: "videos",
		Meter: metrics.Meter{Out: &w.metrics, Stack: "takeup", Now: time.Now}, Now: time.Now, Log: slog.New(slog.NewJSONHandler(io.Discard, nil)),
	}
	return w
}

func (w *world) PutEvents(_ context.Context, in *eventbridge.PutEventsInput, _ ...func(*eventbridge.Options)) (*eventbridge.PutEventsOutput, error) {
	if w.down != nil {
		return nil, w.down
	}
	size, out := 0, &eventbridge.PutEventsOutput{}
	for _, entry := range in.Entries {
		size += len(*entry.Detail)
		var detail struct{ ID string }
		if err := json.Unmarshal([]byte(*entry.Detail), &detail); err != nil {
			w.t.Error(err)
		}
		if w.answer != nil {
			if answer := w.answer(detail.ID); answer != nil {
				out.Entries = append(out.Entries, *answer)
				continue
			}
		}
		w.told, w.events = append(w.told, detail.ID), append(w.events, entry)
		out.Entries = append(out.Entries, types.PutEventsResultEntry{EventId: new("event")})
	}
	if len(in.Entries) > 10 || size > 256_000 {
		w.t.Errorf("%d events of %d bytes in a call", len(in.Entries), size)
	}
	return out, nil
}

func (w *world) Send(_ context.Context, u notify.Untold) error {
	if w.full != nil {
		return w.full
	}
	w.queue = append(w.queue, u)
	return nil
}

// create creates a job that ends by a change.
func (w *world) create(id, request string, end func(*video.Entry)) {
	w.t.Helper()
	r, err := catalogue.Parse(all.Models(), []byte(request))
	if err != nil {
		w.t.Fatal(err)
	}
	entry, version, err := w.table.Create(w.t.Context(), video.Entry{
		ID: id, Request: r, RequestHash: r.Hash(), CreatedAt: time.Now(), Execution: id,
		Origin: video.Origin{Trigger: video.TriggerBatch, Token: "alice", Batch: "batches-a", Line: 7, Copy: 1, Label: "Boat"},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	end(&entry)
	if _, _, err := w.table.Update(w.t.Context(), entry, version); err != nil {
		w.t.Fatal(err)
	}
}

func stored(e *video.Entry) {
	e.Store(video.Manifest{ID: e.ID, Bytes: 7, ChargedMicros: 980_000, StoredAt: time.Now()})
}

func failed(e *video.Entry) { e.End(&video.OutOfCredits{Said: said}, time.Now()) }

// update changes a job.
func (w *world) update(id string, by func(*video.Entry)) {
	w.t.Helper()
	entry, version, err := w.table.Get(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	by(&entry)
	if _, _, err := w.table.Update(w.t.Context(), entry, version); err != nil {
		w.t.Fatal(err)
	}
}

// waiting returns the keys of the outbox.
func (w *world) waiting() (keys []string) {
	for _, item := range w.items.All() {
		var plain struct{ PK, SK struct{ Value string } }
		text, _ := json.Marshal(map[string]any{"PK": item["pk"], "SK": item["sk"]})
		if err := json.Unmarshal(text, &plain); err != nil {
			w.t.Fatal(err)
		}
		if plain.PK.Value == outbox.Partition {
			keys = append(keys, plain.SK.Value)
		}
	}
	return keys
}

// stream delivers records of the stream, for keys of the outbox or as they are.
func (w *world) stream(records ...string) {
	w.t.Helper()
	for i, r := range records {
		if !strings.HasPrefix(r, "{") {
			records[i] = fmt.Sprintf(`{"eventName":"INSERT","dynamodb":{"Keys":{"pk":{"S":"outbox"},"sk":{"S":%q}}}}`, r)
		}
	}
	if err := w.outbox.Handle(w.t.Context(), []byte(`{"Records":[`+strings.Join(records, ",")+`]}`)); err != nil {
		w.t.Errorf("the stream is held up: %v", err)
	}
}

func (w *world) sweep() {
	w.t.Helper()
	if err := w.outbox.Handle(w.t.Context(), []byte(`{"sweep":true}`)); err != nil {
		w.t.Error(err)
	}
}

const boat = `{"prompt":"` + prompt + `","metadata":{"project":"boats"}}`

// Each ending is told once, as the schema of its type has it, without a prompt or the provider's
// words.
func TestEvents(t *testing.T) {
	w := newWorld(t)
	w.create("stored", boat, stored)
	w.create("plain", `{"prompt":"`+prompt+`"}`, stored)
	for i, outcome := range []error{
		&video.InvalidRequest{Fields: []video.FieldError{{Field: "prompt", Message: said}}}, &video.Unauthorized{Said: said}, &video.OutOfCredits{Said: said},
		&video.ProviderBusy{Said: said}, &video.CapReached{Limit: "day"}, &video.SubmissionLost{Unread: said}, &video.GenerationFailed{Said: said}, &video.GenerationOverdue{Said: said},
		&video.VideoUnavailable{Err: errors.New(said)}, &video.VideoRejected{Reason: said}, &video.Cancelled{}, &video.Discarded{Micros: 7},
		&video.Interrupted{Said: said, Paid: video.PaidNo}, &video.ServiceUnavailable{Doing: said, Err: errors.New(said)},
	} {
		w.create(fmt.Sprint("ended-", i), boat, func(e *video.Entry) { e.End(outcome, time.Now()) })
	}
	keys := w.waiting()
	w.stream(keys...)
	w.stream(keys...) // delivered again
	if len(w.told) != 16 || len(w.waiting()) != 0 || len(w.queue) != 0 {
		t.Errorf("told %q, waiting %q, untold %v", w.told, w.waiting(), w.queue)
	}
	for _, e := range w.events {
		holds(t, *e.DetailType, *e.Detail)
		if strings.Contains(*e.Detail, "canary") || *e.Source != "takeup" {
			t.Errorf("it tells %s", *e.Detail)
		}
	}
	var first notify.Video
	at := slices.Index(w.told, "stored.1")
	if err := json.Unmarshal([]byte(*w.events[at].Detail), &first); err != nil {
		t.Fatal(err)
	}
	if *w.events[at].DetailType != "Video Completed" || first.VideoID != "stored" || first.N != 1 || *first.Owner != "alice" || *first.Label != "Boat" || first.Metadata["project"] != "boats" ||
		first.Cost.USD != 0.98 || first.File.Bucket != "videos" || !strings.HasSuffix(first.File.Key, "/stored/video.mp4") || first.File.Bytes != 7 {
		t.Errorf("it is %s", *w.events[at].Detail)
	}
}

// A job that ends again is told again, with the next n. What is told of an ending doesn't change,
// though the job has gone on.
func TestEndedAgain(t *testing.T) {
	w := newWorld(t)
	w.create("a", boat, failed)
	redriven := func(e *video.Entry) { *e = e.Next() }
	w.update("a", redriven)
	w.update("a", failed)
	w.update("a", redriven)
	w.update("a", stored)
	w.update("a", func(e *video.Entry) { e.Started = true }) // no ending
	w.update("a", func(e *video.Entry) { e.DiscardedAt = time.Now() })
	w.update("a", func(e *video.Entry) { e.End(&video.Discarded{Micros: 7}, time.Now()) }) // the same, once the video is removed
	w.stream(w.waiting()...)
	var got []string
	for _, e := range w.events {
		var d notify.Video
		if err := json.Unmarshal([]byte(*e.Detail), &d); err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%s %d %s %s", d.ID, d.N, *e.DetailType, d.Status))
	}
	if want := []string{"a.1 1 Video Ended error", "a.2 2 Video Ended error", "a.3 3 Video Completed completed", "a.4 4 Video Ended discarded"}; !slices.Equal(got, want) {
		t.Errorf("told %q, want %q", got, want)
	}
}

// Whatever fails, each ending is told in the end, or is in the queue, and nothing holds up the rest.
func TestTrouble(t *testing.T) {
	refusing := func(code string) func(string) *types.PutEventsResultEntry {
		return func(id string) *types.PutEventsResultEntry {
			if id == "b.1" {
				return &types.PutEventsResultEntry{ErrorCode: &code, ErrorMessage: new("no")}
			}
			return nil
		}
	}
	const rest = "a.1 c.1"
	for name, test := range map[string]struct {
		trouble func(*world)
		first   string // what is told at once
		then    string // by the sweep after the trouble is over
		queue   string
	}{
		"none":                       {func(*world) {}, "a.1 b.1 c.1", "", ""},
		"a record that is no JSON":   {func(w *world) { w.stream(`{"dynamodb":7}`) }, "a.1 b.1 c.1", "", ""},
		"a record of another item":   {func(w *world) { w.stream(`{"dynamodb":{"Keys":{"pk":{"S":"job#a"},"sk":{"S":"job"}}}}`) }, "a.1 b.1 c.1", "", ""},
		"the bus is down":            {func(w *world) { w.down = errors.New("503") }, "", "a.1 b.1 c.1", ""},
		"a part of the call fails":   {func(w *world) { w.answer = refusing("InternalFailure") }, rest, "b.1", ""},
		"a throttled part":           {func(w *world) { w.answer = refusing("ThrottlingException") }, rest, "b.1", ""},
		"an event is never taken":    {func(w *world) { w.answer = refusing("MalformedDetail") }, rest, "", "job#b.1"},
		"the queue fails as well":    {func(w *world) { w.answer, w.full = refusing("MalformedDetail"), errors.New("full") }, rest, "b.1", ""},
		"an item that can't be read": {func(w *world) { w.spoil("job#b.1", "n", "7") }, rest, "", "job#b.1"},
		"an item of another kind":    {func(w *world) { w.spoil("job#b.1", "kind", "surprise") }, rest, "", "job#b.1"},
		"a job that is gone":         {func(w *world) { w.lose("b") }, rest, "", "job#b.1"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				for _, id := range []string{"a", "b", "c"} {
					w.create(id, boat, failed)
				}
				keys := w.waiting()
				test.trouble(w)
				w.stream(keys...)
				if got := strings.Join(w.told, " "); got != test.first {
					t.Errorf("told %q, want %q", got, test.first)
				}
				w.told, w.answer, w.down, w.full = nil, nil, nil, nil
				w.sweep() // too soon
				if len(w.told) > 0 {
					t.Errorf("the sweep told %q at once", w.told)
				}
				time.Sleep(3 * time.Minute)
				w.sweep()
				if got := strings.Join(w.told, " "); got != test.then {
					t.Errorf("then told %q, want %q", got, test.then)
				}
				queue := ""
				for _, u := range w.queue {
					queue += u.Key
					if u.Reason == "" || strings.Contains(u.Reason, "canary") {
						t.Errorf("the reason is %q", u.Reason)
					}
				}
				if left := w.waiting(); queue != test.queue || len(left) > 0 {
					t.Errorf("in the queue is %q, want %q; %q is left", queue, test.queue, left)
				}
			})
		})
	}
}

// What the stream has lost is told by the sweep, however much it is.
func TestLostRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		long := `{"prompt":"a","metadata":{`
		for i := range 16 {
			long += fmt.Sprintf(`"key-%d":%q,`, i, strings.Repeat("水", 512))
		}
		long = strings.TrimSuffix(long, ",") + "}}"
		for i := range 25 {
			w.create(fmt.Sprint("job-", i), long, stored)
		}
		time.Sleep(25 * time.Hour)
		w.sweep()
		slices.Sort(w.told)
		if len(slices.Compact(w.told)) != 25 || len(w.waiting()) > 0 {
			t.Errorf("told %d, and %q are left", len(w.told), w.waiting())
		}
	})
}

// A payload that is neither is logged, and holds up nothing.
func TestOtherPayloads(t *testing.T) {
	for _, payload := range []string{`{}`, `7`, `{"Records":[]}`} {
		var log bytes.Buffer
		w := newWorld(t)
		w.outbox.Log = slog.New(slog.NewJSONHandler(&log, nil))
		if err := w.outbox.Handle(t.Context(), []byte(payload)); err != nil || !strings.Contains(log.String(), `"level":"ERROR"`) {
			t.Errorf("%s: %v, %s", payload, err, &log)
		}
	}
}
