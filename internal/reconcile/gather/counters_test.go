package gather_test

import (
	"context"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/reconcile"
	"github.com/takeup/takeup/internal/reconcile/gather"
	"github.com/takeup/takeup/internal/reconcile/repair"
	"github.com/takeup/takeup/internal/table/counter"
	"github.com/takeup/takeup/internal/video"
)

// hooked calls a hook before it lists the IDs.
type hooked struct {
	ids  gather.IDs
	hook func()
}

func (h hooked) IDs(ctx context.Context) ([]string, error) {
	h.hook()
	return h.ids.IDs(ctx)
}

// Counters that differ from the sum of the jobs' money are reported and corrected. Those
// written while the jobs are read are left for the next run.
func TestDrift(t *testing.T) {
	w := newWorld(t)
	claimed := func(id, day string, state budget.State) {
		at, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		e := video.Entry{ID: id, Phase: video.PhaseAccepted, Attempt: 1, KeyVersion: "v1", ClaimedAt: at, Origin: video.Origin{Trigger: video.TriggerAPI, Token: "alice"}}
		e.Reserve(7, at)
		e.Book(state, 0)
		e.Outcome = video.NewOutcome(&video.OutOfCredits{}, at)
		w.create(t, e)
	}
	claimed("job-3", "2026-08-20", budget.Spent)
	claimed("job-4", "2026-08-21", budget.Reserved)
	drifts := func() map[string]reconcile.Drift {
		all := map[string]reconcile.Drift{}
		report := w.report(t)
		for _, d := range report.Drifts {
			all[d.Counter] = d
		}
		named := 0
		for _, f := range report.Findings {
			if f.Kind == reconcile.Counter {
				named++
			}
		}
		if named != len(all) {
			t.Errorf("%d named, of %+v", named, all)
		}
		return all
	}
	if all := drifts(); len(all) != 0 {
		t.Fatalf("nothing was changed: %+v", all)
	}
	// Slots that no job holds, a job's day without its sums, and a day's sums without a job.
	tallies, err := w.jobs().Tallies(t.Context(), []string{"2026-08"})
	if err != nil || len(tallies) != 3 {
		t.Fatalf("%+v, %v", tallies, err)
	}
	edit := func(partition, sort string, sums map[string]string) {
		item := map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: partition}, "sk": &types.AttributeValueMemberS{Value: sort}}
		for name, n := range sums {
			item[name] = &types.AttributeValueMemberN{Value: n}
		}
		if err := w.items.Put(item); err != nil {
			t.Fatal(err)
		}
	}
	edit("money", "2026-08", map[string]string{"held": "14", "reserved": "7", "spent": "7", "held_20": "7", "held_21": "7", "in_flight": "3", "writes": "2"})
	edit("usage#2026-08", "20#alice", map[string]string{})
	edit("usage#2026-08", "19#bob", map[string]string{"held": "5", "spent#" + model: "5"})
	all := drifts()
	month, day, gone := all["money 2026-08"], all["usage#2026-08 20#alice"], all["usage#2026-08 19#bob"]
	if len(all) != 3 || !maps.Equal(month.Counted, map[string]int64{"in_flight": 3}) || !maps.Equal(month.Jobs, map[string]int64{"in_flight": 1}) ||
		!maps.Equal(day.Jobs, map[string]int64{"held": 7, "spent#" + model: 7, "videos#" + model: 1}) ||
		!maps.Equal(gone.Jobs, map[string]int64{"held": 0, "spent#" + model: 0}) {
		t.Fatalf("%+v", all)
	}

	// A counter written while the jobs are read can't be judged, and one written since is
	// not corrected.
	count := 0
	ids := w.sources.IDs
	w.sources.IDs = hooked{ids, func() {
		count++
		claimed("later-"+strings.Repeat("x", count), "2026-08-20", budget.Spent)
	}}
	if all := drifts(); len(all) != 1 || all["usage#2026-08 19#bob"].Counter == "" {
		t.Errorf("booked meanwhile: %+v", all)
	}
	w.sources.IDs = ids
	report := w.report(t)
	claimed("job-5", "2026-08-20", budget.Spent)
	mender := repair.Repair{Table: w.jobs()}
	mended, err := mender.Correct(t.Context(), report.Drifts)
	if err != nil || len(mended) != 3 {
		t.Fatalf("%+v, %v", mended, err)
	}
	for _, d := range mended {
		if d.Mended != strings.HasSuffix(d.Counter, "bob") {
			t.Errorf("%+v", d)
		}
	}
	if left := report.Mended(mended); len(left.Findings) != len(report.Findings)-1 {
		t.Errorf("%+v", left.Findings)
	}
	if _, err := mender.Correct(t.Context(), w.report(t).Drifts); err != nil {
		t.Fatal(err)
	}
	if all := drifts(); len(all) != 0 {
		t.Errorf("mended: %+v", all)
	}
	want := counter.Sums{Held: 28, Reserved: 7, Spent: 21, InFlight: 1}
	if got, err := w.jobs().Month(t.Context(), "2026-08"); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
}
