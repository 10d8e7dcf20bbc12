package batches_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/batch/batchfile"
	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/batches"
	"github.com/takeup/takeup/internal/video"
)

// A batch's webhook is that of its runs, and of the lines without one of their own. No result has it,
// and another one makes no video anew.
func TestWebhooks(t *testing.T) {
	w := newWorld(t)
	order := batches.Order{
		Name: "boats", Format: batchfile.CSV, UploadUntil: w.now.Add(15 * time.Minute),
		Options: record.Options{Defaults: map[string]any{"webhook": "https://batch.example.com/s3cret"}},
	}
	for range 2 {
		view, err := w.service.Create(t.Context(), order)
		if err != nil {
			t.Fatal(err)
		}
		w.put("uploads/batches/"+view.ID+".csv", "prompt,webhook\na boat,\na dog,https://line.example.com/s3cret\n")
		w.run()
		if _, err := w.service.Start(t.Context(), view.ID, false); err != nil {
			t.Fatal(err)
		}
		w.run()
		order.Defaults["webhook"] = "https://other.example.com/s3cret"
	}
	id := batches.IDOf("boats", "")
	if b, _, err := w.table.Batch(t.Context(), id); err != nil || b.Webhook() != "https://other.example.com/s3cret" {
		t.Errorf("the batch's is %q, %v", b.Webhook(), err)
	}
	if view := w.get(id); view.Counts != (batches.Counts{Videos: 2, Stored: 2}) || w.bought() != 2 {
		t.Errorf("%+v, and %d are paid", view.Counts, w.bought())
	}
	for r, err := range w.service.Results(t.Context(), id) {
		if err != nil {
			t.Fatal(err)
		}
		entry, _, err := w.table.Get(t.Context(), r.ID)
		if want := map[int]string{2: "https://batch.example.com/s3cret", 3: "https://line.example.com/s3cret"}[r.Line]; err != nil || entry.Request.Webhook() != want {
			t.Errorf("line %d has %q, want %q: %v", r.Line, entry.Request.Webhook(), want, err)
		}
		text, err := json.Marshal(r)
		if err != nil || strings.Contains(string(text), "s3cret") {
			t.Errorf("its result is %s, %v", text, err)
		}
	}
	for _, extension := range []string{"csv", "jsonl"} {
		if results := w.results(id, extension); strings.Contains(results, "s3cret") {
			t.Errorf("the results are %s", results)
		}
	}
	order.Defaults["webhook"] = "http://example.com/"
	var invalid *video.InvalidRequest
	if _, err := w.service.Create(t.Context(), order); !errors.As(err, &invalid) || !strings.Contains(err.Error(), "defaults.webhook") || !strings.Contains(err.Error(), "is not an https URL") {
		t.Errorf("a webhook by http: %v", err)
	}
}
