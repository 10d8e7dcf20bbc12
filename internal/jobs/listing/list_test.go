package listing_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/jobs/listing"
	"github.com/takeup/takeup/internal/jobs/runs"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/table/dynamotest"
	"github.com/takeup/takeup/internal/video"
)

// world has jobs in a table, with an index that lags behind.
type world struct {
	t     *testing.T
	table *table.Table
	jobs  *jobs.Service
}

func newWorld(t *testing.T) *world {
	t.Helper()
	n := 0
	mark := func() string { n++; return strconv.Itoa(n) }
	known := table.New(&dynamotest.Items{}, "jobs", mark, func(time.Duration) time.Duration { return 0 })
	return &world{t: t, table: known, jobs: jobs.New(known, nil, runs.Executions{}, time.Now)}
}

func (w *world) create(id string, change func(*video.Entry)) {
	w.t.Helper()
	boat, err := catalogue.OfPrompt(all.Models(), "a boat")
	if err != nil {
		w.t.Fatal(err)
	}
	entry := video.Entry{ID: id, Request: boat, RequestHash: boat.Hash(), CreatedAt: time.Now(), Execution: id}
	change(&entry)
	if _, _, err := w.table.Create(w.t.Context(), entry); err != nil {
		w.t.Fatal(err)
	}
}

// list returns the ids of a query's page, and its cursor.
func (w *world) list(q listing.Query) (ids []string, next string) {
	w.t.Helper()
	page, err := w.jobs.List(w.t.Context(), q)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, view := range page.Views {
		ids = append(ids, view.ID)
	}
	return ids, page.Next
}

// throttled is a table that can't be read.
type throttled struct{ listing.Table }

func (throttled) List(context.Context, table.Query) ([]table.Listed, string, error) {
	return nil, "", errors.New("throttled")
}

func same(*video.Entry) {}

// A listed job equals the view of Status, except for the request, the history, and what only the
// whole job shows of its wait.
func TestListedIsWhatIsShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		at := time.Now()
		w.create("queued", same)
		w.create("no-room", func(e *video.Entry) {
			e.Phase, e.BusySince, e.RetryAt, e.Refusal = video.PhaseRefused, at, at.Add(time.Minute), &video.Refused{Kind: "busy", Said: "429"}
		})
		w.create("paused", func(e *video.Entry) { e.PausedSince = at })
		w.create("below-a-cap", func(e *video.Entry) { e.FullSince, e.FullOf, e.Turn, e.PausedSince = at, budget.LimitDay, at, at })
		w.create("unanswered", func(e *video.Entry) { e.Phase, e.ClaimedAt = video.PhaseUnanswered, at })
		w.create("generating", func(e *video.Entry) { e.Phase, e.SubmittedAt, e.DiscardedAt = video.PhaseAccepted, at, at })
		w.create("completed", func(e *video.Entry) {
			e.Phase, e.SubmittedAt = video.PhaseAccepted, at
			e.Manifest = &video.Manifest{ID: e.ID, CreatedAt: e.CreatedAt, GenerationID: "g", StoredAt: at, Bytes: 7, Seconds: 5.041}
		})
		w.create("error", func(e *video.Entry) { e.Redrives = 2; e.End(&video.OutOfCredits{Said: "no"}, at) })
		w.create("redriven", func(e *video.Entry) { e.End(&video.OutOfCredits{}, at); *e = e.Next() })
		w.create("discarded", func(e *video.Entry) { e.End(&video.Discarded{Micros: 7}, at) })
		w.create("no-request", func(e *video.Entry) {
			e.Request, e.RequestHash = video.Request{}, ""
			e.End(&video.InvalidRequest{}, at)
		})
		time.Sleep(dynamotest.Lag)
		page, err := w.jobs.List(t.Context(), listing.Query{Limit: 50})
		if err != nil || len(page.Views) != 11 || page.Next != "" {
			t.Fatalf("got %+v, %v", page, err)
		}
		for _, got := range page.Views {
			want, err := w.jobs.Status(t.Context(), got.ID)
			if err != nil {
				t.Fatal(err)
			}
			got.Execution, want.Request, want.Execution = "", nil, ""
			if (want.Waiting == nil) != (got.Waiting == nil) || want.Waiting != nil && (want.Waiting.For != got.Waiting.For || !want.Waiting.Since.Equal(got.Waiting.Since) || got.Waiting.Message == "") {
				t.Errorf("%s is listed as waiting for %+v, and shown as %+v", got.ID, got.Waiting, want.Waiting)
			}
			got.Waiting, want.Waiting, want.History = nil, nil, nil
			if want.Manifest != nil {
				want.Manifest.Model, want.Manifest.Request = "", video.Request{}
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("listed %+v, %+v, %+v\nshown  %+v, %+v, %+v", got, got.Manifest, got.Outcome, want, want.Manifest, want.Outcome)
			}
		}
	})
}

// The pages that follow a page have each older job once, whatever is started, ends or is
// redriven meanwhile.
func TestPagesAreStable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var want []string
		for n := range 7 {
			id := fmt.Sprint("job-", n)
			w.create(id, same)
			want = append([]string{id}, want...)
			time.Sleep(7 * time.Hour)
		}
		var got []string
		q := listing.Query{Limit: 2}
		for n := 0; ; n++ {
			ids, next := w.list(q)
			got = append(got, ids...)
			if next == "" {
				break
			}
			if len(ids) != q.Limit {
				t.Errorf("a page of %v before the last", ids)
			}
			w.create(fmt.Sprint("new-", n), same)
			entry, version, err := w.table.Get(t.Context(), "job-1")
			if err != nil {
				t.Fatal(err)
			}
			entry.End(&video.OutOfCredits{}, time.Now())
			if n%2 == 1 {
				entry = entry.Next()
			}
			if _, _, err := w.table.Update(t.Context(), entry, version); err != nil {
				t.Fatal(err)
			}
			time.Sleep(dynamotest.Lag)
			q.Cursor = next
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

func TestListBy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		start := time.Now()
		w.create("first", func(e *video.Entry) { e.End(&video.OutOfCredits{}, e.CreatedAt) })
		time.Sleep(time.Hour)
		w.create("second", same)
		time.Sleep(time.Hour)
		w.create("third", func(e *video.Entry) { e.Phase = video.PhaseAccepted })
		time.Sleep(dynamotest.Lag)
		running := []video.State{video.StateQueued, video.StateGenerating}
		for name, test := range map[string]struct {
			query listing.Query
			want  []string
		}{
			"all":           {listing.Query{}, []string{"third", "second", "first"}},
			"from":          {listing.Query{From: start.Add(time.Hour)}, []string{"third", "second"}},
			"to":            {listing.Query{To: start.Add(time.Hour)}, []string{"first"}},
			"between":       {listing.Query{From: start, To: start.Add(2 * time.Hour)}, []string{"second", "first"}},
			"running":       {listing.Query{States: running}, []string{"third", "second"}},
			"running to":    {listing.Query{States: running, To: start.Add(2 * time.Hour)}, []string{"second"}},
			"failed":        {listing.Query{States: []video.State{video.StateFailed}}, []string{"first"}},
			"another model": {listing.Query{Model: "another"}, nil},
			"another owner": {listing.Query{Owner: "another"}, nil},
			"another pair":  {listing.Query{Metadata: map[string]string{"project": "another"}}, nil},
		} {
			test.query.Limit = 50
			if got, next := w.list(test.query); !slices.Equal(got, test.want) || next != "" {
				t.Errorf("%s: got %v, then %q", name, got, next)
			}
		}

		_, next := w.list(listing.Query{Limit: 1, States: running})
		var bad *listing.BadCursor
		for name, q := range map[string]listing.Query{
			"no base64":        {Cursor: "?"},
			"no JSON":          {Cursor: "AAAA"},
			"no place":         {Cursor: "eyJiIjoiYSJ9"},
			"of another list":  {Cursor: next},
			"of another owner": {Cursor: next, States: running, Owner: "alice"},
			"of another model": {Cursor: next, States: running, Model: "m"},
			"of another time":  {Cursor: next, States: running, From: start},
			"of other pairs":   {Cursor: next, States: running, Metadata: map[string]string{"project": "boats"}},
			"of other words":   {Cursor: next, States: running, Words: "boat"},
		} {
			q.Limit = 1
			if page, err := w.jobs.List(t.Context(), q); !errors.As(err, &bad) {
				t.Errorf("%s: got %+v, %v", name, page, err)
			}
		}
		_, next = w.list(listing.Query{Limit: 1, From: start})
		if page, err := w.jobs.List(t.Context(), listing.Query{Limit: 1, To: start, Cursor: next}); !errors.As(err, &bad) {
			t.Errorf("the end of a time in the place of its beginning: got %+v, %v", page, err)
		}
		_, next = w.list(listing.Query{Limit: 1, States: running})
		if got, _ := w.list(listing.Query{Limit: 50, States: running, Cursor: next}); !slices.Equal(got, []string{"second"}) {
			t.Errorf("the next page: %v", got)
		}
	})
	var unavailable *video.ServiceUnavailable
	if _, err := listing.New(throttled{}, time.Now).List(t.Context(), listing.Query{Limit: 1}); !errors.As(err, &unavailable) {
		t.Errorf("in trouble: %v", err)
	}
}
