package notify_test

import (
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/takeup/takeup/internal/metrics"
	"github.com/takeup/takeup/internal/notify"
	"github.com/takeup/takeup/internal/schedule"
	"github.com/takeup/takeup/internal/video"
)

// measuring adds the metrics to the channels of a world.
func (w *world) measuring() {
	w.outbox.Channels = append(w.outbox.Channels, notify.Measured{Meter: w.outbox.Meter, Jobs: w.table, Times: w.table, Log: slog.New(slog.NewJSONHandler(&w.metrics, nil))})
}

// fields returns the fields of a line that was written for CloudWatch, without the format's own.
func fields(t *testing.T, line string) map[string]any {
	t.Helper()
	all := decoded(t, line)
	delete(all, "_aws")
	delete(all, "msg")
	delete(all, "Stack")
	return all
}

// Each ending is counted by its outcome; a video, by what it took.
func TestMeasured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		w := newWorld(t)
		w.measuring()
		w.create("stored", boat, func(e *video.Entry) {
			e.Store(video.Manifest{ID: e.ID, Bytes: 4_000_000, Polls: 7, StoringAt: began.Add(80 * time.Second), StoredAt: began.Add(82 * time.Second)})
		})
		entry, _, err := w.table.Get(t.Context(), "stored")
		if err != nil {
			t.Fatal(err)
		}
		past := schedule.Past{Seen: []schedule.Seen{{After: time.Second, By: 9 * time.Second}, {After: 76 * time.Second, By: 79 * time.Second}}}
		if err := w.table.PutTimes(t.Context(), entry.Request.Model(), entry.Request.Duration(), past, ""); err != nil {
			t.Fatal(err)
		}
		w.stream(w.waiting()...)
		want := map[string]any{
			"Endings": 1.0, "Outcome": "stored", "Failed": 0.0, "PaidWithoutVideo": 0.0, "TimeToStored": 82.0, "CopiedBytes": 4e6, "Polls": 7.0, "CopyRate": 2e6, "NoticeLag": 3.0,
		}
		equal(t, fields(t, w.metrics.String()), want)
		for id, test := range map[string]struct {
			outcome      error
			failed, paid float64
		}{
			"failed":    {&video.OutOfCredits{}, 1, 0},
			"paid":      {&video.VideoUnavailable{Err: errors.New("gone")}, 1, 1},
			"cancelled": {&video.Cancelled{}, 0, 0},
			"discarded": {&video.Discarded{Micros: 7}, 0, 0},
		} {
			w.metrics.Reset()
			w.create(id, boat, func(e *video.Entry) { e.End(test.outcome, time.Now()) })
			w.stream(w.waiting()...)
			equal(t, fields(t, w.metrics.String()), map[string]any{"Endings": 1.0, "Outcome": video.OutcomeName(test.outcome), "Failed": test.failed, "PaidWithoutVideo": test.paid})
		}
	})
}

func equal(t *testing.T, got, want map[string]any) {
	t.Helper()
	for name := range want {
		if got[name] != want[name] {
			t.Errorf("%s is %v, want %v", name, got[name], want[name])
		}
	}
	if len(got) != len(want) {
		t.Errorf("wrote %v, want %v", got, want)
	}
}

// full is a log that can't be written.
type full struct{}

func (full) Emit(...metrics.Value) error { return errors.New("full") }

// What can't be measured is told all the same.
func TestUnmeasured(t *testing.T) {
	w := newWorld(t)
	var log strings.Builder
	w.outbox.Channels = append(w.outbox.Channels, notify.Measured{Meter: full{}, Jobs: w.table, Times: w.table, Log: slog.New(slog.NewJSONHandler(&log, nil))})
	w.outbox.Meter = full{}
	w.create("a", boat, stored)
	w.stream(w.waiting()...)
	w.create("b", boat, failed)
	w.sweep()
	if len(w.told) != 1 || len(w.waiting()) != 1 || !strings.Contains(log.String(), `"event":"a.1","error":"full"`) {
		t.Errorf("told %q, waiting %q, logged %s", w.told, w.waiting(), &log)
	}
}

// A sweep says how long the oldest item has waited.
func TestOutboxLag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.sweep()
		w.create("old", boat, failed)
		time.Sleep(7 * time.Minute)
		w.create("new", boat, failed)
		w.sweep()
		var lags []float64
		for line := range strings.Lines(w.metrics.String()) {
			lags = append(lags, fields(t, line)[string(metrics.OutboxLag)].(float64))
		}
		if !slices.Equal(lags, []float64{0, 420}) {
			t.Errorf("the lags are %v", lags)
		}
	})
}
