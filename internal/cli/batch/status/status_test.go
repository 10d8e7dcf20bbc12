package status

import (
	"testing"
	"time"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/batch/record"
)

var now = time.Date(2026, 8, 21, 12, 0, 0, 0, time.UTC)

func TestProgress(t *testing.T) {
	in := func(d time.Duration) *time.Time { return new(now.Add(d)) }
	running := api.Batch{Status: string(record.Running), Plan: &api.BatchPlan{}, Counts: api.BatchCounts{Videos: 300, New: 300}, Money: api.BatchMoney{Spent: "0"}}
	with := func(change func(*api.Batch)) api.Batch {
		b := running
		change(&b)
		return b
	}
	for _, test := range []struct {
		name  string
		batch api.Batch
		speed float64
		share float64
		step  string
		text  string
	}{
		{"not planned", api.Batch{Status: string(record.Planning)}, 0, 0, "planning", "planning"},
		{"begun", running, 0, 0, "running0", "0 of 300, 0.00 USD"},
		{"empty", with(func(b *api.Batch) { b.Counts = api.BatchCounts{} }), 0, 0, "running0", "0 of 0, 0.00 USD"},
		{"in the middle", with(func(b *api.Batch) {
			b.Counts, b.Money.Spent, b.EstimatedAt = api.BatchCounts{Videos: 300, Stored: 147, Failed: 2, Cancelled: 1}, "144.06", in(10*time.Minute)
		}), 2.5, 0.5, "running50", "150 of 300, 3 without a video, 2.5 a second, 144.06 USD, about 10 min left"},
		{"slow", with(func(b *api.Batch) { b.EstimatedAt = in(72 * time.Hour) }), 0.05, 0, "running0", "0 of 300, 3.0 a minute, 0.00 USD, about 3 days left"},
		{"late", with(func(b *api.Batch) { b.EstimatedAt = in(-time.Minute) }), 0, 0, "running0", "0 of 300, 0.00 USD"},
		{"paused", with(func(b *api.Batch) {
			b.EstimatedAt, b.Paused = in(time.Hour), &api.BatchPaused{Limit: "day", Until: in(12 * time.Hour)}
		}), 0, 0, "running0paused by the day's cap until 2026-08-22T00:00:00Z", "0 of 300, 0.00 USD, paused by the day's cap until 2026-08-22T00:00:00Z"},
		{"ended", with(func(b *api.Batch) { b.Status, b.Counts.Stored = string(record.Ended), 300 }), 0, 1, "ended100", "ended, 300 of 300, 0.00 USD"},
	} {
		share, step, text := Progress(test.batch, test.speed, now)
		if share != test.share || step != test.step || text != test.text {
			t.Errorf("%s: got %v, %q, %q", test.name, share, step, text)
		}
	}
}

// A rate is that of the last minute, and at least of two samples.
func TestRate(t *testing.T) {
	at, r := now, Rate{}
	for _, test := range []struct {
		after time.Duration
		n     int64
		want  float64
	}{
		{0, 10, 0}, {0, 10, 0}, {10 * time.Second, 20, 1}, {50 * time.Second, 130, 2}, {2 * time.Hour, 130, 0}, {time.Minute, 190, 1},
	} {
		at = at.Add(test.after)
		if r.Add(at, test.n); r.PerSecond() != test.want {
			t.Errorf("%v later with %d: %v a second, want %v", test.after, test.n, r.PerSecond(), test.want)
		}
	}
}

// A cancelled batch is watched until what was submitted is stored, and one that waits for a
// person isn't watched.
func TestOver(t *testing.T) {
	for _, state := range record.States() {
		want := state == record.Planned || state == record.Ended || state == record.Cancelled || state == record.Unusable
		if got := Over(api.Batch{Status: string(state)}); got != want {
			t.Errorf("%s is over: %v", state, got)
		}
		want = want && state != record.Cancelled
		if got := Over(api.Batch{Status: string(state), Counts: api.BatchCounts{Running: 1}}); got != want {
			t.Errorf("%s with a video that is made is over: %v", state, got)
		}
	}
	if Over(api.Batch{Status: "a state of a newer API"}) {
		t.Error("a state that nobody knows is an end")
	}
}
