package notify_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/video"
)

// The end of each run of a batch is told once, with what has become of its videos.
func TestBatchFinished(t *testing.T) {
	w := newWorld(t)
	w.create("stored", boat, func(e *video.Entry) { e.Reserve(980_000, time.Now()); stored(e) })
	w.create("failed", boat, failed)
	w.stream(w.waiting()...)
	w.told, w.events = nil, nil
	b, version, err := w.table.CreateBatch(t.Context(), record.Batch{ID: "batches-a", Name: "spring", Owner: "alice", CreatedAt: time.Now(), Format: "csv", State: record.Running, Run: 1})
	if err != nil {
		t.Fatal(err)
	}
	put := func(change func(*record.Batch)) {
		t.Helper()
		change(&b)
		if b, version, err = w.table.PutBatch(t.Context(), b, version); err != nil {
			t.Fatal(err)
		}
	}
	ended := func(b *record.Batch) { b.State, b.EndedAt = record.Ended, time.Now() }
	put(ended)
	put(func(b *record.Batch) { b.Reported = 7 }) // its results are made again
	w.stream(w.waiting()...)
	put(func(b *record.Batch) { b.State, b.Run = record.Planning, 2 })
	put(func(b *record.Batch) { b.Cancel(time.Now()) })
	put(func(b *record.Batch) { b.State, b.Run = record.Running, 3 })
	put(ended)
	if got := w.waiting(); !slices.Equal(got, []string{"batch#batches-a.3"}) {
		t.Errorf("waiting are %q", got)
	}
	w.stream(w.waiting()...)
	if !slices.Equal(w.told, []string{"batches-a.1", "batches-a.3"}) || len(w.waiting()) > 0 || len(w.queue) > 0 {
		t.Errorf("told %q, untold %v", w.told, w.queue)
	}
	for _, e := range w.events {
		holds(t, *e.DetailType, *e.Detail)
	}
	d := decoded(t, *w.events[1].Detail)
	if got := fmt.Sprintf("%v %v %v %v %v %v", d["n"], d["name"], d["owner"], d["videos"], d["cost"], d["results"]); *w.events[1].DetailType != "Batch Finished" ||
		got != "3 spring alice map[cancelled:0 failed:1 running:0 stored:1] map[usd:0.98] map[bucket:videos key:batches/batches-a/results.csv]" {
		t.Errorf("it tells %s", got)
	}
}

// A batch whose record is gone holds up nothing.
func TestBatchGone(t *testing.T) {
	w := newWorld(t)
	b, version, err := w.table.CreateBatch(t.Context(), record.Batch{ID: "batches-a", CreatedAt: time.Now(), State: record.Running, Run: 1})
	if err != nil {
		t.Fatal(err)
	}
	b.State, b.EndedAt = record.Ended, time.Now()
	if _, _, err := w.table.PutBatch(t.Context(), b, version); err != nil {
		t.Fatal(err)
	}
	w.loseItems("batch#batches-a")
	w.stream(w.waiting()...)
	if len(w.told) > 0 || len(w.queue) != 1 || w.queue[0].Key != "batch#batches-a.1" || len(w.waiting()) > 0 {
		t.Errorf("told %q, untold %v", w.told, w.queue)
	}
}
