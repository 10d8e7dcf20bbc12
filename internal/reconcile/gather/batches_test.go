package gather_test

import (
	"maps"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	batch "github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/reconcile"
	"github.com/takeup/takeup/internal/reconcile/repair"
	"github.com/takeup/takeup/internal/video"
)

// The counters of a batch that differ from its jobs are reported and corrected. Those of a
// batch that is created meanwhile are not judged.
func TestBatchDrift(t *testing.T) {
	w := newWorld(t)
	create := func(id string) {
		if _, _, err := w.jobs().CreateBatch(t.Context(), batch.Batch{ID: id, Name: id, CreatedAt: from, State: batch.Ended}); err != nil {
			t.Fatal(err)
		}
	}
	ended := func(id, of string) {
		w.create(t, video.Entry{
			ID: id, Outcome: video.NewOutcome(&video.OutOfCredits{}, to), Origin: video.Origin{Trigger: video.TriggerBatch, Batch: of, Line: 2, Copy: 1},
		})
	}
	put := func(id string, sums map[string]string) {
		item := map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: batch.Partition(id)}, "sk": &types.AttributeValueMemberS{Value: batch.CountsKey}}
		for name, n := range sums {
			item[name] = &types.AttributeValueMemberN{Value: n}
		}
		if err := w.items.Put(item); err != nil {
			t.Fatal(err)
		}
	}
	failed := video.CountedState(video.StateFailed)
	create("batches-a")
	ended("batch-1", "batches-a")
	ended("batch-2", "batches-a")
	if report := w.report(t); len(report.Drifts) != 0 {
		t.Fatalf("nothing was changed: %+v", report.Drifts)
	}
	put("batches-a", map[string]string{failed: "1", "in_flight": "3", "writes": "2"})
	ids := w.sources.IDs
	w.sources.IDs = hooked{ids, func() {
		create("batches-b")
		ended("batch-3", "batches-b")
	}}
	report := w.report(t)
	w.sources.IDs = ids
	if len(report.Drifts) != 1 {
		t.Fatalf("%+v", report.Drifts)
	}
	drift := report.Drifts[0]
	if drift.Counter != "batch#batches-a counts" || !maps.Equal(drift.Jobs, map[string]int64{failed: 2, "in_flight": 0}) {
		t.Errorf("%+v", drift)
	}
	mender := repair.Repair{Table: w.jobs()}
	if mended, err := mender.Correct(t.Context(), []reconcile.Drift{drift}); err != nil || !mended[0].Mended {
		t.Errorf("%+v, %v", mended, err)
	}
	if counts, err := w.jobs().BatchCounts(t.Context(), "batches-a"); err != nil || counts.InFlight != 0 || counts.Jobs[string(video.StateFailed)] != 2 {
		t.Errorf("%+v, %v", counts, err)
	}
	if report := w.report(t); len(report.Drifts) != 0 {
		t.Errorf("mended: %+v", report.Drifts)
	}
}
