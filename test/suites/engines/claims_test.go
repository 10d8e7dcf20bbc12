package engines_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/table/counter"
	"github.com/takeup/takeup/internal/video"
)

// testClaims makes many claims at once within limits and checks the counters.
func (e engine) testClaims(t *testing.T) {
	jobs, ctx := e.open("jobs", nil), t.Context()
	at := time.Date(2026, 8, 31, 23, 59, 0, 0, time.UTC)
	claim := func(id string, micros int64, at time.Time, limits budget.Limits) error {
		for {
			entry, version, err := jobs.Get(ctx, id)
			if err != nil {
				return err
			}
			entry.Phase, entry.Attempt = video.PhaseClaimed, entry.Attempt+1
			entry.Reserve(micros, at)
			_, _, err = jobs.Claim(ctx, entry, version, limits)
			var conflict *video.Conflict
			if !errors.As(err, &conflict) {
				return err
			}
		}
	}
	const many = 12
	for i := range many {
		id := fmt.Sprint("claim-", i)
		if _, _, err := jobs.Create(ctx, video.Entry{ID: id, CreatedAt: at, Execution: id}); err != nil {
			t.Fatal(err)
		}
	}
	errs := make([]error, many)
	var group sync.WaitGroup
	for i := range many {
		group.Go(func() {
			errs[i] = claim(fmt.Sprint("claim-", i), 3, at, budget.Limits{DayMicros: 20, MonthMicros: 30, InFlight: 10})
		})
	}
	group.Wait()
	through, first := 0, ""
	for i, err := range errs {
		var full *budget.NoRoom
		switch {
		case err == nil:
			through, first = through+1, fmt.Sprint("claim-", i)
		case !errors.As(err, &full) || full.Limit != "day" || full.Held != 18 || full.Of != 20:
			t.Errorf("got %v", err)
		}
	}
	month, err := jobs.Month(ctx, "2026-08")
	if err != nil || through != 6 || month != (counter.Sums{Held: 18, Reserved: 18, InFlight: 6}) {
		t.Errorf("%d went through, and it counts %+v, %v", through, month, err)
	}
	if held, err := jobs.Day(ctx, "2026-08-31"); err != nil || held != 18 {
		t.Errorf("the day holds %d, %v", held, err)
	}
	entry, version, err := jobs.Get(ctx, first)
	if err != nil {
		t.Fatal(err)
	}
	entry.Book(budget.Spent, 5)
	if _, _, err := jobs.Update(ctx, entry, version); err != nil {
		t.Fatal(err)
	}
	if month, err := jobs.Month(ctx, "2026-08"); err != nil || month != (counter.Sums{Held: 20, Reserved: 15, Spent: 5, InFlight: 5}) {
		t.Errorf("the month counts %+v, %v", month, err)
	}
	var full *budget.NoRoom
	for i := range many {
		if errs[i] == nil {
			continue
		}
		if err := claim(fmt.Sprint("claim-", i), 3, at.Add(time.Hour), budget.Limits{InFlight: 5}); !errors.As(err, &full) || full.Limit != "in_flight" || full.Held != 5 {
			t.Errorf("those of yesterday are in flight: %v", err)
		}
		if err := claim(fmt.Sprint("claim-", i), 3, at.Add(time.Hour), budget.Limits{InFlight: 6, MonthMicros: 2}); !errors.As(err, &full) || full.Limit != "month" {
			t.Errorf("more than the month's: %v", err)
		}
		if err := claim(fmt.Sprint("claim-", i), 3, at.Add(time.Hour), budget.Limits{InFlight: 6, MonthMicros: 3}); err != nil {
			t.Errorf("the first of September: %v", err)
		}
		break
	}
	e.ownersDay(t, jobs, claim)
}

// ownersDay checks the limit of an owner's day, and that the counters of that day match the
// claims, also after they are recounted.
func (e engine) ownersDay(t *testing.T, jobs *table.Table, claim func(id string, micros int64, at time.Time, limits budget.Limits) error) {
	at, ctx := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC), t.Context()
	request, err := catalogue.OfPrompt(all.Models(), "a paper boat")
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"owned-1", "owned-2"} {
		_, _, err := jobs.Create(ctx, video.Entry{
			ID: id, Request: request, RequestHash: request.Hash(), CreatedAt: at, Execution: id, Origin: video.Origin{Trigger: video.TriggerAPI, Token: "alice"},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	limits := budget.Limits{DayMicros: 100, OwnerDayMicros: 5}
	if err := claim("owned-1", 3, at, limits); err != nil {
		t.Error(err)
	}
	var full *budget.NoRoom
	if err := claim("owned-2", 3, at, limits); !errors.As(err, &full) || full.Limit != "owner" || full.Held != 3 || full.Of != 5 {
		t.Errorf("more than the owner's: %v", err)
	}
	want := []budget.Usage{{Day: "2026-11-30", Owner: "alice", Model: request.Model(), ReservedMicros: 3}}
	if got, err := jobs.Usage(ctx, "2026-11"); err != nil || !slices.Equal(got, want) {
		t.Errorf("the usage is %+v, %v", got, err)
	}
	tallies, err := jobs.Tallies(ctx, []string{"2026-11"})
	if err != nil || len(tallies) != 2 || tallies[0].Writes != 1 {
		t.Fatalf("the counters are %+v, %v", tallies, err)
	}
	anew := map[string]int64{"held": 3, "reserved#" + request.Model(): 2, "spent#" + request.Model(): 1, "videos#" + request.Model(): 1}
	if err := jobs.Correct(ctx, tallies[0], anew); err != nil {
		t.Error(err)
	}
	var conflict *video.Conflict
	if err := jobs.Correct(ctx, tallies[0], anew); !errors.As(err, &conflict) {
		t.Errorf("corrected over another's write: %v", err)
	}
	want[0].ReservedMicros, want[0].SpentMicros, want[0].Videos = 2, 1, 1
	if got, err := jobs.Usage(ctx, "2026-11"); err != nil || !slices.Equal(got, want) {
		t.Errorf("the usage is %+v, %v", got, err)
	}
}
