package batches_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/batches"
	"github.com/takeup/takeup/internal/video"
)

// The stored results of a batch that has ended are made again after a redrive, and only then.
func TestResultsAfterARedrive(t *testing.T) {
	w := newWorld(t)
	failing := true
	w.outcome = func(string) error {
		if failing {
			return &video.OutOfCredits{Said: "no credits"}
		}
		return nil
	}
	arrived := w.put("a.csv", "prompt\na boat\n")
	w.run()
	refresh := func() {
		t.Helper()
		if err := w.service.Refresh(t.Context(), arrived.Batch); err != nil {
			t.Fatal(err)
		}
	}
	if text := w.results(arrived.Batch, "csv"); !strings.Contains(text, ",error,") {
		t.Fatal(text)
	}
	_, version, err := w.table.Batch(t.Context(), arrived.Batch)
	if err != nil {
		t.Fatal(err)
	}
	refresh()
	if _, same, err := w.table.Batch(t.Context(), arrived.Batch); err != nil || same != version {
		t.Errorf("nothing has changed, and the record has: %v, %v", same, err)
	}
	failing = false
	id := item(t, w.object("batches/"+arrived.Batch+"/1/lines.jsonl")).ID
	if _, err := w.jobs.Redrive(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	refresh()
	if text := w.results(arrived.Batch, "csv"); strings.Contains(text, ",error,") {
		t.Errorf("while it is redriven: %s", text)
	}
	entry, _, err := w.table.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	for _, execution := range w.executions {
		if *execution.Name == entry.Execution && !w.execute(batches.Next{Execution: entry.Execution, Input: []byte(*execution.Input)}) {
			t.Fatal("the redrive failed")
		}
	}
	refresh()
	for _, extension := range []string{"csv", "jsonl"} {
		if text := w.results(arrived.Batch, extension); !strings.Contains(text, "completed") || !strings.Contains(text, "s3://videos/videos/"+id) {
			t.Errorf("%s", text)
		}
	}
	if view := w.get(arrived.Batch); view.State != record.Ended || view.Counts.Stored != 1 {
		t.Errorf("%+v", view)
	}
	if err := w.service.Refresh(t.Context(), "batches-b"); !errors.As(err, new(*record.NoBatch)) {
		t.Errorf("%v", err)
	}
}

// The results of more videos than are looked up at once have each of them, in the order of the
// file.
func TestResultsOfManyVideos(t *testing.T) {
	w := newWorld(t)
	w.price = 1
	var file, want strings.Builder
	file.WriteString("prompt,label,n\n")
	for line := range 175 {
		fmt.Fprintf(&file, "boat %d,label %d,10\n", line, line)
		for range 10 {
			fmt.Fprintf(&want, "%d label %d new \n", line+2, line)
		}
	}
	arrived := w.put("a.csv", file.String())
	var planned batches.Planned
	w.step(batches.Task{Step: batches.StepPlan, Input: batches.Input{Batch: arrived.Batch, Run: arrived.Run}}, &planned)
	if got := w.readAll(arrived.Batch); got != want.String() {
		t.Errorf("%d videos, not those of the file", strings.Count(got, "\n"))
	}
}
