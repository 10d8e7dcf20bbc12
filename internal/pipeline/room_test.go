package pipeline_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/operator"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/report"
)

// A job without room below the day's cap waits until the next day, and is submitted then.
func TestWaitingForRoom(t *testing.T) {
	ctx := t.Context()
	w := newWorld(answer{id: "gen-1"})
	reset := w.clock.Now().Add(5 * time.Hour)
	w.jobs.full = func() *budget.NoRoom {
		if w.clock.Now().Before(reset) {
			return &budget.NoRoom{Limit: "day", Held: 100, Of: 100, Until: reset}
		}
		return nil
	}
	job, err := w.Run(ctx, bare())
	if err != nil || job.Status != video.Waiting || time.Duration(job.WaitSeconds)*time.Second < 5*time.Hour || time.Duration(job.WaitSeconds)*time.Second > 5*time.Hour+time.Minute {
		t.Fatalf("got %+v, %v", job, err)
	}
	if !slices.Equal(w.jobs.reached, []string{"day "}) {
		t.Errorf("told the caps %q", w.jobs.reached)
	}
	waits := w.jobs.entry(t, "job-1")
	told := waits.Told(report.StepSubmit).Wait
	if kind, since := waits.Held(); kind != report.WaitCap || !since.Equal(w.clock.Now()) || told.Kind != kind || told.NextAt.Before(reset) || told.Until.Before(told.NextAt) {
		t.Errorf("it waits for %s since %v, and told %+v", kind, since, told)
	}
	w.clock.pass(time.Duration(job.WaitSeconds) * time.Second)
	if job, err = w.Run(ctx, again(t, job)); err != nil || job.GenerationID != "gen-1" {
		t.Errorf("the next day: %+v, %v", job, err)
	}
	if entry := w.jobs.entry(t, "job-1"); !entry.FullSince.IsZero() || entry.Attempt != 1 || len(entry.Money) != 1 || entry.Money[0].Micros != 980_000 {
		t.Errorf("%+v", entry)
	}
}

// A job without a slot polls at fixed intervals, and rarely once more polls would make its
// history too long.
func TestWaitingForASlot(t *testing.T) {
	ctx := t.Context()
	w := newWorld(answer{id: "gen-1"})
	w.jobs.full = func() *budget.NoRoom { return &budget.NoRoom{Limit: "in_flight", Held: 3, Of: 3} }
	began, looks := w.clock.Now(), 0
	job, err := w.Run(ctx, bare())
	for err == nil {
		if looks++; job.Looks != looks || looks < 500 && job.WaitSeconds != 16 || looks > 500 && job.WaitSeconds > 175 {
			t.Fatalf("after %d looks: %+v", looks, job)
		}
		if entry := w.jobs.entry(t, "job-1"); entry.CountedUntil.Sub(w.clock.Now()) < 5*time.Minute || entry.FullOf != budget.LimitInFlight || !entry.Turn.Equal(entry.CreatedAt) {
			t.Fatalf("younger ones don't wait behind it: %+v", entry)
		}
		w.clock.pass(time.Duration(job.WaitSeconds) * time.Second)
		job, err = w.Run(ctx, again(t, job))
	}
	if waited := w.clock.Now().Sub(began); video.OutcomeName(err) != "CapReached" || waited != 24*time.Hour || looks > 2*500 {
		t.Errorf("got %v after %s and %d looks", err, waited, looks)
	}
	if entry := w.jobs.entry(t, "job-1"); entry.Outcome == nil || entry.Attempt != 0 || len(entry.Money) != 0 || len(w.provider.posted) != 0 {
		t.Errorf("%+v, posted %v", entry, w.provider.posted)
	}
	w.jobs.full = nil
	if job, err = w.Run(ctx, resume()); err != nil || !slices.Equal(w.provider.posted, []string{"job-1.1"}) {
		t.Errorf("redriven: %+v, %v", job, err)
	}
}

// A redrive of a job that waited too long waits for as long again.
func TestARedriveWaitsForRoomAnew(t *testing.T) {
	ctx := t.Context()
	w := newWorld(answer{id: "gen-1"})
	w.jobs.full = func() *budget.NoRoom {
		return &budget.NoRoom{Limit: "day", Held: 3, Of: 3, Price: 1, Until: w.clock.Now().AddDate(0, 0, 20)}
	}
	job, err := w.Run(ctx, bare())
	if err != nil || job.WaitSeconds != 24*3600 {
		t.Fatalf("%+v, %v", job, err)
	}
	w.clock.pass(24 * time.Hour)
	if _, err = w.Run(ctx, again(t, job)); video.OutcomeName(err) != "CapReached" {
		t.Fatalf("got %v", err)
	}
	if job, err = w.Run(ctx, resume()); err != nil || job.Status != video.Waiting || job.WaitSeconds != 24*3600 {
		t.Errorf("redriven: %+v, %v", job, err)
	}
}

// A job that would certainly wait too long ends at once: its price is above the limit, or the
// month has no room and the next one begins too late.
func TestNoRoomThatLasts(t *testing.T) {
	for name, c := range map[string]struct {
		full func(now time.Time) budget.NoRoom
		wait time.Duration // 0 if it ends at once
	}{
		"more than the day's": {full: func(now time.Time) budget.NoRoom {
			return budget.NoRoom{Limit: "day", Price: 980_000, Of: 979_999, Until: now.Add(time.Hour)}
		}},
		"more than the owner's": {full: func(now time.Time) budget.NoRoom {
			return budget.NoRoom{Limit: "owner", Price: 980_000, Of: 979_999, Until: now.Add(time.Hour)}
		}},
		"a full month": {full: func(now time.Time) budget.NoRoom {
			return budget.NoRoom{Limit: "month", Held: 3_000_000, Price: 980_000, Of: 3_000_000, Until: now.Add(25 * time.Hour)}
		}},
		"a full month that ends soon": {wait: 23 * time.Hour, full: func(now time.Time) budget.NoRoom {
			return budget.NoRoom{Limit: "month", Held: 3_000_000, Price: 980_000, Of: 3_000_000, Until: now.Add(23 * time.Hour)}
		}},
		"a full day": {wait: 5 * time.Hour, full: func(now time.Time) budget.NoRoom {
			return budget.NoRoom{Limit: "day", Held: 1_000_000, Price: 980_000, Of: 1_000_000, Until: now.Add(5 * time.Hour)}
		}},
		"more than a cap that ends before": {wait: 2 * time.Hour, full: func(now time.Time) budget.NoRoom {
			return budget.NoRoom{Limit: "day", Price: 980_000, Of: 1, Until: now.Add(5 * time.Hour), Ends: now.Add(2 * time.Hour)}
		}},
		"more than a cap that ends after": {full: func(now time.Time) budget.NoRoom {
			return budget.NoRoom{Limit: "day", Price: 980_000, Of: 1, Until: now.Add(5 * time.Hour), Ends: now.Add(25 * time.Hour)}
		}},
	} {
		w := newWorld(answer{id: "gen-1"})
		why := c.full(w.clock.Now())
		w.jobs.full = func() *budget.NoRoom { return &why }
		job, err := w.Run(t.Context(), bare())
		var reached *video.CapReached
		switch waits := time.Duration(job.WaitSeconds) * time.Second; {
		case c.wait > 0 && (err != nil || job.Status != video.Waiting || waits < c.wait || waits > c.wait+time.Minute):
			t.Errorf("%s: %+v, %v", name, job, err)
		case c.wait > 0:
		case !errors.As(err, &reached) || reached.Limit != why.Limit || reached.Of != why.Of || reached.Price != why.Price:
			t.Errorf("%s: %+v, %v", name, job, err)
		default:
			w.jobs.full = nil
			if job, err = w.Run(t.Context(), resume()); err != nil || job.GenerationID != "gen-1" {
				t.Errorf("%s, redriven once the cap was raised: %+v, %v", name, job, err)
			}
		}
	}
}

// The more older jobs wait, the more rarely a job polls.
func TestTheBackOfTheLineLooksRarely(t *testing.T) {
	for ahead, want := range map[int]time.Duration{0: 12 * time.Second, 29: 12 * time.Second, 110: time.Minute, 210: 2 * time.Minute, 310: 210 * time.Second, 5000: 10 * time.Minute} {
		w := newWorld(answer{id: "gen-1"})
		w.Timings = taking(6 * time.Minute)
		w.jobs.line = budget.Line{budget.LimitInFlight: ahead}
		w.jobs.full = func() *budget.NoRoom { return &budget.NoRoom{Limit: budget.LimitInFlight, Held: 200, Of: 200} }
		job, err := w.Run(t.Context(), bare())
		if got := time.Duration(job.WaitSeconds) * time.Second; err != nil || got < want*9/10 || got > want*12/10 {
			t.Errorf("behind %d: %s, %v", ahead, got, err)
		}
	}
}

// A job that can't be claimed because the table is paused keeps its turn. Younger jobs wait
// behind it when the table is resumed.
func TestAPausedJobKeepsItsTurn(t *testing.T) {
	w := newWorld(answer{id: "gen-1"})
	w.jobs.full = func() *budget.NoRoom { return &budget.NoRoom{Limit: budget.LimitInFlight, Held: 3, Of: 3} }
	job, err := w.Run(t.Context(), bare())
	if err != nil {
		t.Fatal(err)
	}
	before := w.jobs.entry(t, "job-1")
	w.jobs.paused = &operator.Paused{Since: w.clock.Now()}
	for range 20 {
		w.clock.pass(time.Duration(job.WaitSeconds) * time.Second)
		if job, err = w.Run(t.Context(), again(t, job)); err != nil {
			t.Fatal(err)
		}
		next := w.clock.Now().Add(time.Duration(job.WaitSeconds) * time.Second)
		if entry := w.jobs.entry(t, "job-1"); entry.CountedUntil.Before(next) || !entry.Turn.Equal(before.Turn) || !entry.FullSince.Equal(before.FullSince) {
			t.Errorf("%+v, next looks at %s", entry, next)
		}
	}
}
