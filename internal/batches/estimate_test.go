package batches

import (
	"testing"
	"time"

	"github.com/takeup/takeup/internal/batch"
	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/budget"
)

func TestEstimate(t *testing.T) {
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	plan := &batch.Plan{Videos: map[batch.What]int{batch.New: 6, batch.Resume: 2}, Usual: 80 * time.Minute, Longest: 15 * time.Minute}
	for what, c := range map[string]struct {
		view View
		want time.Duration // from now; 0 for no estimate
	}{
		"planned":                   {View{Batch: record.Batch{State: record.Planned}, Counts: Counts{Videos: 8, New: 8}}, 0},
		"all is left":               {View{Counts: Counts{Videos: 8, New: 5, Waiting: 2, Running: 1}}, 40 * time.Minute},
		"half is left":              {View{Counts: Counts{Videos: 8, New: 4, Stored: 3, Failed: 1}}, 20 * time.Minute},
		"one is left":               {View{Counts: Counts{Videos: 8, Running: 1, Stored: 7}}, 15 * time.Minute},
		"only the results are left": {View{Counts: Counts{Videos: 8, Stored: 5, Failed: 2, Cancelled: 1}}, 0},
		"paused until later":        {View{Counts: Counts{Videos: 8, Waiting: 8}, Paused: &Paused{budget.LimitDay, now.Add(12 * time.Hour)}}, 12 * time.Hour},
		"a file without videos":     {View{}, 0},
	} {
		v := c.view
		v.Plan, v.AtOnce = plan, 2
		if v.State == "" {
			v.State = record.Running
		}
		v.estimate(now)
		want := time.Time{}
		if c.want > 0 {
			want = now.Add(c.want)
		}
		if !v.EstimatedEnd.Equal(want) {
			t.Errorf("%s: %v, want %v", what, v.EstimatedEnd, want)
		}
	}
}
