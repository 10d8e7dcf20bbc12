package table_test

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/operator"
	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/table/dynamotest"
	"github.com/takeup/takeup/internal/video"
)

// waiting creates a job that waits for room below a limit, and looks for it again at next.
func waiting(t *testing.T, c *table.Table, id, owner, limit string, created, next time.Time) {
	t.Helper()
	e := video.Entry{ID: id, CreatedAt: created, Execution: id, Origin: video.Origin{Trigger: video.TriggerAPI, Token: owner}}
	e.BeginWaiting(created)
	e.WaitsFor(limit, next)
	if _, _, err := c.Create(t.Context(), e); err != nil {
		t.Fatal(err)
	}
}

func TestJobsWaitForOlderOnes(t *testing.T) {
	now := evening.Add(-time.Hour)
	midnight := evening.Add(time.Minute)
	for _, c := range []struct {
		name   string
		jobs   func(create func(id, owner, limit string, created, next time.Time))
		held   int64 // micro-dollars and slots that other jobs hold
		slots  int
		limits budget.Limits
		want   string // the limit, or "" if the job may be claimed
		ahead  int
	}{
		{name: "alone", limits: budget.Limits{InFlight: 1}},
		{
			name: "one slot is the older one's", limits: budget.Limits{InFlight: 1}, want: budget.LimitInFlight, ahead: 1,
			jobs: func(create func(id, owner, limit string, created, next time.Time)) {
				create("old", "", budget.LimitInFlight, now.Add(-time.Hour), now)
			},
		},
		{
			name: "there is one for each", limits: budget.Limits{InFlight: 3}, slots: 1,
			jobs: func(create func(id, owner, limit string, created, next time.Time)) {
				create("old", "", budget.LimitInFlight, now.Add(-time.Hour), now)
			},
		},
		{
			name: "a younger one", limits: budget.Limits{InFlight: 1},
			jobs: func(create func(id, owner, limit string, created, next time.Time)) {
				create("young", "", budget.LimitInFlight, now.Add(time.Second), now)
			},
		},
		{
			name: "one that looks no more", limits: budget.Limits{InFlight: 1},
			jobs: func(create func(id, owner, limit string, created, next time.Time)) {
				create("dead", "", budget.LimitInFlight, now.Add(-time.Hour), now.Add(-15*time.Minute))
			},
		},
		{
			name: "one that waits for the next day's money", limits: budget.Limits{InFlight: 1},
			jobs: func(create func(id, owner, limit string, created, next time.Time)) {
				create("poor", "", budget.LimitDay, now.Add(-time.Hour), midnight)
			},
		},
		{
			name: "one that waited for this day's money", limits: budget.Limits{InFlight: 1}, want: budget.LimitInFlight, ahead: 1,
			jobs: func(create func(id, owner, limit string, created, next time.Time)) {
				create("rich", "", budget.LimitDay, now.Add(-time.Hour), now.Add(time.Second))
			},
		},
		{
			name: "what is left is the older ones'", limits: budget.Limits{DayMicros: 10}, held: 3, want: budget.LimitDay, ahead: 3,
			jobs: func(create func(id, owner, limit string, created, next time.Time)) {
				for n := range 3 {
					create(fmt.Sprint("old-", n), "", budget.LimitDay, now.Add(-time.Hour), midnight)
				}
			},
		},
		{
			name: "enough is left for all", limits: budget.Limits{DayMicros: 11}, held: 3,
			jobs: func(create func(id, owner, limit string, created, next time.Time)) {
				for n := range 3 {
					create(fmt.Sprint("old-", n), "", budget.LimitDay, now.Add(-time.Hour), midnight)
				}
			},
		},
		{
			name: "the month's", limits: budget.Limits{DayMicros: 100, MonthMicros: 10}, held: 7, want: budget.LimitMonth, ahead: 1,
			jobs: func(create func(id, owner, limit string, created, next time.Time)) {
				create("old", "", budget.LimitMonth, now.Add(-time.Hour), midnight)
			},
		},
		{
			name: "another owner's cap", limits: budget.Limits{InFlight: 1, DayMicros: 2},
			jobs: func(create func(id, owner, limit string, created, next time.Time)) {
				create("old", "bob", budget.LimitOwner, now.Add(-time.Hour), midnight)
			},
		},
		{
			name: "what is left of the owner's cap is the older one's", limits: budget.Limits{OwnerDayMicros: 3}, want: budget.LimitOwner, ahead: 1,
			jobs: func(create func(id, owner, limit string, created, next time.Time)) {
				create("old", "alice", budget.LimitOwner, now.Add(-time.Hour), midnight)
			},
		},
		{
			name: "the owner's cap has enough for both", limits: budget.Limits{OwnerDayMicros: 4},
			jobs: func(create func(id, owner, limit string, created, next time.Time)) {
				create("old", "alice", budget.LimitOwner, now.Add(-time.Hour), midnight)
			},
		},
		{
			name: "at most ten at once", limits: budget.Limits{InFlight: 100}, want: budget.LimitInFlight, ahead: 10,
			jobs: func(create func(id, owner, limit string, created, next time.Time)) {
				for n := range 10 {
					create(fmt.Sprint("old-", n), "", budget.LimitInFlight, now.Add(-time.Hour), now)
				}
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var items dynamotest.Items
				jobs := table.New(&items, "jobs", marks(), none)
				if err := jobs.PutControl(t.Context(), operator.Control{Table: "jobs"}, ""); err != nil {
					t.Fatal(err)
				}
				if c.held > 0 || c.slots > 0 {
					create(t, jobs, "other")
					if err := claimWithin(t, jobs, "other", c.held, now, budget.Limits{}); err != nil {
						t.Fatal(err)
					}
				}
				if c.jobs != nil {
					c.jobs(func(id, owner, limit string, created, next time.Time) {
						waiting(t, jobs, id, owner, limit, created, next)
					})
				}
				time.Sleep(2 * dynamotest.Lag)
				entry := video.Entry{ID: "job", CreatedAt: now, Turn: now, Origin: video.Origin{Token: "alice"}}
				_, err := jobs.Turn(t.Context(), claimed(entry, 2, now), c.limits, now)
				var full *budget.NoRoom
				if errors.As(err, &full) {
					if full.Limit != c.want || full.Ahead != c.ahead || full.Held > max(c.held, 1) {
						t.Errorf("got %+v", full)
					}
				} else if err != nil || c.want != "" {
					t.Errorf("got %v, want %q", err, c.want)
				}
			})
		})
	}
}

// A job is in the index of the turns while it waits for room. It leaves the index with its claim
// or its outcome, whoever ends it.
func TestOnlyWaitingJobsAreInLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var items dynamotest.Items
		jobs := table.New(&items, "jobs", marks(), none)
		now := evening
		for _, id := range []string{"claimed", "cancelled", "interrupted", "redriven", "waiting"} {
			waiting(t, jobs, id, "", budget.LimitInFlight, now, now)
		}
		change := func(id string, change func(*video.Entry)) {
			entry, version, err := jobs.Get(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			change(&entry)
			if _, _, err := jobs.Update(t.Context(), entry, version); err != nil {
				t.Fatal(err)
			}
		}
		change("claimed", func(e *video.Entry) { e.Phase = video.PhaseClaimed; e.FullSince = time.Time{} })
		change("cancelled", func(e *video.Entry) { e.End(&video.Cancelled{}, now) })
		change("interrupted", func(e *video.Entry) { e.End(&video.Interrupted{}, now) })
		change("redriven", func(e *video.Entry) { *e = e.Next() })
		time.Sleep(2 * dynamotest.Lag)
		entry := video.Entry{ID: "z", CreatedAt: now, Turn: now}
		line, err := jobs.Turn(t.Context(), claimed(entry, 2, now), budget.Limits{InFlight: 100}, now)
		if err != nil || !reflect.DeepEqual(line, budget.Line{budget.LimitInFlight: 1}) {
			t.Errorf("got %v, %v", line, err)
		}
	})
}

// Turn reports a pause to a job behind others in line, too.
func TestPausedBeforeItsTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var items dynamotest.Items
		jobs := table.New(&items, "jobs", marks(), none)
		if err := jobs.PutControl(t.Context(), operator.Control{Table: "jobs", PausedAt: evening}, ""); err != nil {
			t.Fatal(err)
		}
		waiting(t, jobs, "old", "", budget.LimitInFlight, evening, evening)
		time.Sleep(2 * dynamotest.Lag)
		entry := video.Entry{ID: "z", CreatedAt: evening, Turn: evening}
		var paused *operator.Paused
		if _, err := jobs.Turn(t.Context(), claimed(entry, 2, evening), budget.Limits{InFlight: 1}, evening); !errors.As(err, &paused) {
			t.Errorf("got %v", err)
		}
	})
}
