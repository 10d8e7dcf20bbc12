package listing_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/jobs/listing"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/table/dynamotest"
	"github.com/takeup/takeup/internal/video"
)

// prompted sets a job's request, with a prompt or with those of its shots.
func prompted(t *testing.T, request string) func(*video.Entry) {
	t.Helper()
	r, err := catalogue.Parse(all.Models(), []byte(request))
	if err != nil {
		t.Fatal(err)
	}
	return func(e *video.Entry) { e.Request, e.RequestHash = r, r.Hash() }
}

func TestSearch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		start := time.Now()
		for _, job := range []struct{ id, request string }{
			{"boat", `{"prompt":"A paper Boat"}`},
			{"long", `{"prompt":"` + strings.Repeat("slowly ", 60) + `the boat SINKS"}`},
			{"shots", `{"model":"klingai/video-v3-pro-text-to-video","multi_prompt":["a boat","it sinks"]}`},
			{"tree", `{"prompt":"a paper tree"}`},
			{"köln", `{"prompt":"KÖLN im Regen"}`},
		} {
			w.create(strings.ReplaceAll(job.id, "ö", "oe"), prompted(t, job.request))
			time.Sleep(time.Hour)
		}
		w.create("no-request", func(e *video.Entry) {
			e.Request, e.RequestHash = video.Request{}, ""
			e.End(&video.InvalidRequest{}, time.Now())
		})
		time.Sleep(time.Hour)
		w.create("forgotten", func(e *video.Entry) {
			e.End(&video.Cancelled{}, time.Now())
			e.Forget(time.Now())
		})
		time.Sleep(dynamotest.Lag)
		if ids, _ := w.list(listing.Query{Limit: 1}); !slices.Equal(ids, []string{"forgotten"}) {
			t.Errorf("a forgotten job is not listed: %v", ids)
		}
		for words, want := range map[string][]string{
			"boat": {"shots", "long", "boat"}, "paper boat": {"boat"}, "BOAT paper": {"boat"}, "sinks boat": {"shots", "long"}, "köln": {"koeln"},
			"pap": {"tree", "boat"}, "submarine": nil,
		} {
			if got, next := w.list(listing.Query{Words: words, Limit: 50}); !slices.Equal(got, want) || next != "" {
				t.Errorf("%s: got %v, then %q", words, got, next)
			}
		}
		if got, _ := w.list(listing.Query{Words: "boat", To: start.Add(time.Hour), Limit: 50}); !slices.Equal(got, []string{"boat"}) {
			t.Errorf("in a time: %v", got)
		}
		q, all := listing.Query{Words: "boat", Limit: 1}, []string{}
		for {
			ids, next := w.list(q)
			all = append(all, ids...)
			if next == "" {
				break
			}
			q.Cursor = next
		}
		if !slices.Equal(all, []string{"shots", "long", "boat"}) {
			t.Errorf("by pages: %v", all)
		}
	})
}

// A page that finds nothing ends and says how far it searched, and the next one continues there.
func TestSearchIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		tree := prompted(t, `{"prompt":"a tree"}`)
		w.create("boat", prompted(t, `{"prompt":"a boat"}`))
		time.Sleep(time.Second)
		var at []time.Time
		for n := range 600 {
			at = append(at, time.Now())
			w.create(fmt.Sprint("tree-", n), tree)
			time.Sleep(time.Second)
		}
		time.Sleep(dynamotest.Lag)
		q := listing.Query{Words: "boat", Limit: 50}
		page, err := w.jobs.List(t.Context(), q)
		if err != nil || len(page.Views) > 0 || page.Next == "" || !page.Searched.Equal(at[100]) {
			t.Fatalf("got %+v, %v; the 500th is of %s", page, err, at[100])
		}
		q.Cursor = page.Next
		if page, err = w.jobs.List(t.Context(), q); err != nil || len(page.Views) != 1 || page.Next != "" || !page.Searched.IsZero() {
			t.Errorf("then %+v, %v", page, err)
		}
	})
}
