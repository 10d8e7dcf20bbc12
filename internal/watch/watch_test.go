package watch_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/metrics"
	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/reconcile/gather"
	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/table/dynamotest"
	"github.com/takeup/takeup/internal/table/outbox"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/report"
	"github.com/takeup/takeup/internal/watch"
)

// world is a table, what the provider charged, and a Watcher.
type world struct {
	t       *testing.T
	items   *dynamotest.Items
	table   *table.Table
	watcher *watch.Watcher
	facts   gather.Facts
	failing error // of reading the charges
	unread  bool  // what is expected of some
	log     bytes.Buffer
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, items: &dynamotest.Items{}}
	n := 0
	w.table = table.New(w.items, "jobs", func() string { n++; return fmt.Sprint("mark-", n) }, func(time.Duration) time.Duration { return 0 })
	w.watcher = &watch.Watcher{
		Charges: w, Table: w.table, Meter: metrics.Meter{Out: &w.log, Stack: "takeup", Now: time.Now},
		LowBalance: 10_000_000, Now: time.Now,
	}
	return w
}

func (w *world) Charged(_ context.Context, from, to time.Time) (gather.Facts, error) {
	w.facts.From, w.facts.To = from, to
	return w.facts, w.failing
}

// balance stores a balance, as PricesFunction does.
func (w *world) balance(micros int64, age time.Duration) {
	w.t.Helper()
	_, version, err := w.table.Balance(w.t.Context())
	if err == nil {
		err = w.table.PutBalance(w.t.Context(), budget.Balance{Micros: micros, At: time.Now().Add(-age)}, version)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// create creates a job that is in progress.
func (w *world) create(id string) {
	w.t.Helper()
	request, err := catalogue.OfPrompt(all.Models(), "a paper boat")
	if err != nil {
		w.t.Fatal(err)
	}
	e := video.Entry{ID: id, Request: request, RequestHash: request.Hash(), CreatedAt: time.Now(), Execution: id, Started: true, Phase: video.PhaseAccepted, GenerationID: "g-" + id, SubmittedAt: time.Now()}
	if _, _, err := w.table.Create(w.t.Context(), e); err != nil {
		w.t.Fatal(err)
	}
}

// told watches, and returns what is new in the outbox, emptied.
func (w *world) told() (told []string) {
	w.t.Helper()
	if err := w.watcher.Handler(slog.New(slog.NewJSONHandler(&w.log, nil)))(w.t.Context(), []byte("{}")); (err != nil) != (w.failing != nil || w.unread) {
		w.t.Errorf("it failed with %v", err)
	}
	box := outbox.New(w.items, "jobs")
	found, _, err := box.Waiting(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	for _, f := range found {
		a := f.Item.Attention
		if f.Item.Kind != outbox.KindAttention || a.ToDo == "" {
			w.t.Errorf("%s is in the outbox: %+v", f.Key, a)
		}
		told = append(told, fmt.Sprintf("%s: %s %v %d", a.About, a.Message, a.Videos, a.Count))
		if err := box.Delete(w.t.Context(), f.Key); err != nil {
			w.t.Fatal(err)
		}
	}
	slices.Sort(told)
	return told
}

func (w *world) expect(what string, want ...string) {
	w.t.Helper()
	if got := w.told(); !slices.EqualFunc(got, want, strings.HasPrefix) {
		w.t.Errorf("%s: told %q, want %q", what, got, want)
	}
}

// The balance is told once a day while it is low, and while it isn't read.
func TestBalance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.expect("a new stack", "balance: the balance of the account at the provider has not been read for an hour")
		w.balance(10_000_000, 0)
		w.expect("enough")
		w.balance(9_990_000, 0)
		w.expect("too little", "balance: the account at the provider has 9.99 USD left, less than the 10.00 USD of LowBalanceUsd")
		w.expect("again")
		time.Sleep(24 * time.Hour)
		w.balance(1, 0)
		w.expect("the next day", "balance: the account at the provider has 0.00 USD left")
		w.balance(50_000_000, 2*time.Hour)
		w.expect("an old one", "balance: the balance of the account at the provider has not been read for an hour")
	})
}

// A charge of a job without its video is told once. One that no job is known for is left out.
func TestCharges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.balance(50_000_000, 0)
		entry := func(id string, outcome error) video.Entry {
			e := video.Entry{ID: id, Phase: video.PhaseAccepted, GenerationID: "g-" + id, CreatedAt: time.Now(), SubmittedAt: time.Now()}
			if outcome != nil {
				e.Outcome = video.NewOutcome(outcome, time.Now())
			}
			return e
		}
		charge := func(id string) provider.Charge {
			return provider.Charge{ID: "g-" + id, Model: catalogue.Default(all.Models()), Micros: 980_000, Created: time.Now()}
		}
		w.facts = gather.Facts{
			Entries:   map[string]video.Entry{"stored": entry("stored", nil), "paid": entry("paid", &video.VideoUnavailable{Err: errors.New("canary")})},
			Manifests: map[string]string{"stored": ""}, Videos: map[string]bool{"stored": true},
			Charges: []provider.Charge{charge("stored"), charge("paid"), charge("stranger")}, Charged: map[string]bool{"": true},
		}
		w.expect("a paid one", "charge: a video was paid in the last day and is not stored [paid] 1")
		time.Sleep(time.Hour)
		w.expect("again")
		w.facts.Entries["more"] = entry("more", &video.VideoUnavailable{Err: errors.New("canary")})
		w.facts.Charges = append(w.facts.Charges, charge("more"))
		w.expect("one more", "charge: a video was paid in the last day and is not stored [more paid] 2")
		if seen, err := w.table.Watched(t.Context()); err != nil || seen.Findings != 2 || !seen.At.Equal(time.Now()) || strings.Contains(w.log.String(), "canary") {
			t.Errorf("the last watch: %+v, %v; logged %s", seen, err, &w.log)
		}
		if !strings.Contains(w.log.String(), `"WatchFindings":2`) {
			t.Errorf("measured %s", &w.log)
		}
		w.facts.Unknown, w.unread = []gather.Unknown{{Source: "the logs", Reason: "canary"}}, true
		w.expect("unread logs", "charges: the provider's charges or logs could not be read")
		if strings.Contains(w.log.String(), "canary") || !strings.Contains(w.log.String(), "the logs could not be read") {
			t.Errorf("logged %s", &w.log)
		}
	})
}

// A job that nothing happened to since it was to try again is told.
func TestStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.create("stuck")
		w.create("waiting")
		next := time.Now().Add(3 * time.Hour)
		if err := w.table.PutProgress(t.Context(), "waiting", report.Progress{Step: report.StepCheck, Wait: report.Wait{Kind: report.WaitGeneration, At: time.Now(), NextAt: next}}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Hour)
		w.balance(50_000_000, 0)
		w.expect("in time")
		time.Sleep(time.Minute)
		w.balance(50_000_000, 0)
		w.expect("late", "stuck: a job has not moved for two hours more than it meant to wait [stuck]")
		w.expect("again")
		time.Sleep(3 * time.Hour)
		w.balance(50_000_000, 0)
		w.expect("both", "stuck: a job has not moved for two hours more than it meant to wait [stuck waiting]")
	})
}

// What can't be read keeps nothing else from being told, and is an error. The last watch stays the
// one before.
func TestFailing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.failing = errors.New("denied")
		w.balance(1, 0)
		w.expect("without charges", "balance: the account at the provider has 0.00 USD left")
		if seen, err := w.table.Watched(t.Context()); err != nil || !seen.At.IsZero() || !strings.Contains(w.log.String(), "denied") {
			t.Errorf("the last watch: %+v, %v; logged %s", seen, err, &w.log)
		}
	})
}
