package pipeline_test

import (
	"slices"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/video"
)

// A job without room below the day's cap sleeps until the next day, and is submitted
// then. One without a slot looks at fixed intervals, whatever its age.
func TestWaitingForRoom(t *testing.T) {
	ctx := t.Context()
	w := newWorld(answer{id: "gen-1"})
	reset := w.clock.Now().Add(5 * time.Hour)
	w.jobs.full = func() *video.NoRoom {
		if w.clock.Now().Before(reset) {
			return &video.NoRoom{Limit: "day", Held: 100, Of: 100, Until: reset}
		}
		return nil
	}
	job, err := w.Run(ctx, bare())
	if err != nil || job.Status != video.Waiting || time.Duration(job.WaitSeconds)*time.Second < 5*time.Hour || time.Duration(job.WaitSeconds)*time.Second > 5*time.Hour+time.Minute {
		t.Fatalf("got %+v, %v", job, err)
	}
	waits := w.jobs.entry(t, "job-1")
	told := waits.Told(video.StepSubmit).Wait
	if kind, since := waits.Held(); kind != video.WaitCap || !since.Equal(w.clock.Now()) || told.Kind != kind || told.NextAt.Before(reset) || told.Until.Before(told.NextAt) {
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

func TestWaitingForASlot(t *testing.T) {
	ctx := t.Context()
	w := newWorld(answer{id: "gen-1"})
	w.jobs.full = func() *video.NoRoom { return &video.NoRoom{Limit: "in_flight", Held: 3, Of: 3} }
	began, waits := w.clock.Now(), map[int]bool{}
	job, err := w.Run(ctx, bare())
	for err == nil {
		waits[job.WaitSeconds] = true
		w.clock.pass(time.Duration(job.WaitSeconds) * time.Second)
		job, err = w.Run(ctx, again(t, job))
	}
	if waited := w.clock.Now().Sub(began); video.EndingName(err) != "CapReached" || waited != 24*time.Hour || len(waits) > 2 {
		t.Errorf("got %v after %s of waits %v", err, waited, waits)
	}
	if entry := w.jobs.entry(t, "job-1"); entry.Ending == nil || entry.Attempt != 0 || len(entry.Money) != 0 || len(w.provider.posted) != 0 {
		t.Errorf("%+v, posted %v", entry, w.provider.posted)
	}
	w.jobs.full = nil
	if job, err = w.Run(ctx, resume()); err != nil || !slices.Equal(w.provider.posted, []string{"job-1.1"}) {
		t.Errorf("redriven: %+v, %v", job, err)
	}
}

// A redrive of a job that waited for too long waits as long again.
func TestARedriveWaitsForRoomAnew(t *testing.T) {
	ctx := t.Context()
	w := newWorld(answer{id: "gen-1"})
	w.jobs.full = func() *video.NoRoom {
		return &video.NoRoom{Limit: "month", Held: 3, Of: 3, Until: w.clock.Now().AddDate(0, 0, 20)}
	}
	job, err := w.Run(ctx, bare())
	if err != nil || job.WaitSeconds != 24*3600 {
		t.Fatalf("%+v, %v", job, err)
	}
	w.clock.pass(24 * time.Hour)
	if _, err = w.Run(ctx, again(t, job)); video.EndingName(err) != "CapReached" {
		t.Fatalf("got %v", err)
	}
	if job, err = w.Run(ctx, resume()); err != nil || job.Status != video.Waiting || job.WaitSeconds != 24*3600 {
		t.Errorf("redriven: %+v, %v", job, err)
	}
}
