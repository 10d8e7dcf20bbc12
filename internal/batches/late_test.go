package batches_test

import (
	"errors"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/batch/batchfile"
	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/batches"
)

// arrive delivers the event of a version of a file.
func (w *world) arrive(key string, version int, at time.Time) batches.Arrived {
	w.t.Helper()
	source := w.source(key, version)
	source.At = at
	arrived, err := w.intake.Arrive(w.t.Context(), source, false)
	if err != nil {
		w.t.Fatal(err)
	}
	return arrived
}

// An event that comes late begins no run: neither of a file that was replaced before, nor of one
// whose batch was cancelled since.
func TestEventsThatComeLate(t *testing.T) {
	const key = "films/boats.csv"
	w := newWorld(t)
	uploaded := w.now.Add(-time.Minute)
	w.objects.Put("prompts", key, []byte("prompt\na boat\n"))
	if second := w.arrive(key, 2, uploaded.Add(time.Second)); second.Known || second.Run != 1 {
		t.Fatalf("%+v", second)
	}
	if first := w.arrive(key, 1, uploaded); !first.Known || first.Run != 1 {
		t.Errorf("an older version: %+v", first)
	}
	w.run()
	id := batches.IDOf(batches.NameOfKey(key), "")
	if view := w.get(id); view.State != record.Ended || view.Source().Version != "2" || w.bought() != 1 {
		t.Errorf("%+v, %d are paid", view.Batch, w.bought())
	}

	// The third version is uploaded before the batch is cancelled, and its event comes later.
	if _, err := w.service.Cancel(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	cancelled := w.get(id).CancelledAt
	w.objects.Put("prompts", key, []byte("prompt\na boat\na dog\n"))
	if third := w.arrive(key, 3, cancelled.Add(-time.Second)); !third.Known {
		t.Errorf("of a cancelled batch: %+v", third)
	}
	w.run()
	if view := w.get(id); view.State != record.Cancelled || view.Run != 1 || w.bought() != 1 {
		t.Errorf("%+v, %d are paid", view.Batch, w.bought())
	}
	// Its owner can start it, which runs the latest version.
	if view, err := w.service.Start(t.Context(), id, false); err != nil || view.Run != 2 || !view.CancelledAt.IsZero() {
		t.Errorf("%+v, %v", view.Batch, err)
	}
	if w.run(); w.get(id).Source().Version != "3" || w.bought() != 2 {
		t.Errorf("%+v, %d are paid", w.get(id).Batch, w.bought())
	}
	if fourth := w.arrive(key, 4, cancelled.Add(time.Second)); fourth.Known || fourth.Run != 3 {
		t.Errorf("a later version: %+v", fourth)
	}
}

// A batch that was cancelled before its file came can't be started.
func TestCancelledBeforeItsFileCame(t *testing.T) {
	w := newWorld(t)
	made, err := w.service.Create(t.Context(), batches.Order{Name: "boats", Format: batchfile.CSV, Options: record.Options{AtOnce: 1}, UploadUntil: w.now.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.service.Cancel(t.Context(), made.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := w.service.Start(t.Context(), made.ID, false); !errors.As(err, new(*batches.NotStarted)) {
		t.Errorf("started: %v", err)
	}
	if view := w.get(made.ID); view.State != record.Cancelled || view.Run != 0 {
		t.Errorf("%+v", view.Batch)
	}
}
