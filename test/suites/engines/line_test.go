package engines_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/operator"
	"github.com/takeup/takeup/internal/video"
)

// testLine has jobs wait for a slot and checks which are ahead of which.
func (e engine) testLine(t *testing.T) {
	e.create(t, "line")
	jobs, ctx := e.open("line", nil), t.Context()
	if err := jobs.PutControl(ctx, operator.Control{Table: "line"}, ""); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	wait := func(id string, created, next time.Time) {
		job := entry(t, id)
		job.CreatedAt = created
		job.BeginWaiting(now)
		job.WaitsFor(budget.LimitInFlight, next)
		if _, _, err := jobs.Create(ctx, job); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 4 {
		wait(fmt.Sprint("older-", n), now.Add(-time.Minute), now)
	}
	wait("younger", now.Add(time.Minute), now)
	wait("dead", now.Add(-time.Hour), now.Add(-time.Hour))
	leave, version, err := jobs.Get(ctx, "older-0")
	if err != nil {
		t.Fatal(err)
	}
	leave.End(&video.Cancelled{}, now)
	if _, _, err := jobs.Update(ctx, leave, version); err != nil {
		t.Fatal(err)
	}
	mine := entry(t, "mine")
	mine.Turn = now
	mine.Reserve(1, now)
	for slots, want := range map[int64]bool{3: true, 4: false} {
		var full *budget.NoRoom
		line, err := jobs.Turn(ctx, mine, budget.Limits{InFlight: slots}, now)
		if errors.As(err, &full) != want || !want && err != nil || line[budget.LimitInFlight] != 3 {
			t.Errorf("with %d slots: behind %v, %v", slots, line, err)
		}
	}
}
