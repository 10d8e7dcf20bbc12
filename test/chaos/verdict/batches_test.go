package verdict

import (
	"testing"

	"github.com/takeup/takeup/internal/batch/batchfile"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/test/chaos/proxy"
	"github.com/takeup/takeup/test/chaos/world"
)

func TestResultsOfABatch(t *testing.T) {
	jobs := []*world.Job{{ID: "a"}, {ID: "b"}}
	entries := map[string]video.Entry{"a": {ID: "a", Manifest: &video.Manifest{}}}
	right := []batchfile.Result{{ID: "a", Status: string(video.StateCompleted), S3: "s3://videos/a"}, {ID: "b", Status: "new"}}
	changed := func(by func([]batchfile.Result) []batchfile.Result) []batchfile.Result {
		return by(append([]batchfile.Result(nil), right...))
	}
	for name, test := range map[string]struct {
		results []batchfile.Result
		want    int
	}{
		"right":         {right, 0},
		"a line less":   {right[:1], 1},
		"a line more":   {append(right[:2:2], batchfile.Result{ID: "c"}), 1},
		"another order": {changed(func(r []batchfile.Result) []batchfile.Result { r[0], r[1] = r[1], r[0]; return r }), 2},
		"another state": {changed(func(r []batchfile.Result) []batchfile.Result { r[1].Status = "queued"; return r }), 1},
		"no video":      {changed(func(r []batchfile.Result) []batchfile.Result { r[0].S3 = ""; return r }), 1},
		"no results":    {nil, 2},
	} {
		if got := mistakes(jobs, entries, test.results); len(got) != test.want {
			t.Errorf("%s: %d mistakes, want %d: %+v", name, len(got), test.want, got)
		}
	}
	if got := mistakes(jobs, nil, nil); len(got) != 0 {
		t.Errorf("a batch that was never planned: %+v", got)
	}
}

// Each finding about batches breaks a promise.
func TestFindingsOfBatches(t *testing.T) {
	for kind, result := range map[string]*Result{
		cancelledPaid: {limits: &proxy.Batches{}}, wrongResults: {limits: &proxy.Batches{}}, "over_limit": {limits: &proxy.Batches{Over: 1}},
	} {
		if kind != "over_limit" {
			result.add(kind, nil, "planned")
		}
		if result.Kept() {
			t.Errorf("%s breaks no promise", kind)
		}
	}
	if whole := (&Result{limits: &proxy.Batches{}}); !whole.Kept() {
		t.Error("a promise is broken without a finding")
	}
}
