package batches_test

import (
	"testing"

	"github.com/takeup/takeup/internal/batch"
	"github.com/takeup/takeup/internal/batches"
	"github.com/takeup/takeup/internal/video"
)

// A file whose metadata was corrected is the same videos: those that failed are resumed, and keep
// the pairs that they were created with.
func TestCorrectedMetadata(t *testing.T) {
	w := newWorld(t)
	failing := ""
	w.outcome = func(id string) error {
		if failing == "" {
			failing = id
			return &video.OutOfCredits{Said: "no credits"}
		}
		return nil
	}
	id := w.put("a.csv", "prompt,external_task_id,metadata.scene\na boat,ours-1,1\na dog,ours-2,2\n").Batch
	w.run()
	if view := w.get(id); view.Counts != (batches.Counts{Videos: 2, Stored: 1, Failed: 1}) {
		t.Fatalf("%+v", view.Counts)
	}
	before, _, err := w.table.Get(t.Context(), failing)
	if err != nil {
		t.Fatal(err)
	}
	w.put("a.csv", "prompt,external_task_id,metadata.scene\na boat,ours-3,3\na dog,ours-4,4\n")
	w.run()
	if view := w.get(id); view.Counts != (batches.Counts{Videos: 2, Stored: 2}) || view.Plan.Videos[batch.Resume] != 1 || view.Plan.Videos[batch.New] != 0 || w.bought() != 2 {
		t.Errorf("%+v, %+v; %d are paid", view.Counts, view.Plan, w.bought())
	}
	if after, _, err := w.table.Get(t.Context(), failing); err != nil || after.Request.Hash() != before.Request.Hash() {
		t.Errorf("its request is %s, and was %s", after.Request.Hash(), before.Request.Hash())
	}
}
