package table_test

import (
	"context"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/table/dynamotest"
	"github.com/takeup/takeup/internal/video"
)

// queries counts the queries of a table.
type queries struct {
	*dynamotest.Items
	queries int
}

func (c *queries) Query(ctx context.Context, in *dynamodb.QueryInput, o ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	c.queries++
	return c.Items.Query(ctx, in, o...)
}

// pages lists all jobs of a query, and checks each page's queries. It returns the jobs' ids.
func pages(t *testing.T, client *queries, q table.Query) (all []string) {
	t.Helper()
	jobs := table.New(client, "jobs", marks(), none)
	for range 100 {
		client.queries = 0
		page, next, err := jobs.List(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, job := range page {
			ids = append(ids, job.Entry.ID)
		}
		all = append(all, fmt.Sprintf("%s %d", strings.Join(ids, ","), client.queries))
		if next == "" {
			return all
		}
		if !table.IsPlace(next) || next >= q.Before {
			t.Fatalf("from %s to %s", q.Before, next)
		}
		q.Before = next
	}
	t.Fatal("it has no end")
	return nil
}

// Each job is on exactly one page, newest first. A page takes one query for each day, and one
// that finds the days with jobs if it goes beyond the first.
func TestList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := &queries{Items: &dynamotest.Items{}}
		jobs := table.New(client, "jobs", marks(), none)
		day := func(n int) time.Time { return time.Date(2026, 8, n, 0, 0, 0, 0, time.UTC) }
		create := func(id string, at time.Time, change func(*video.Entry)) {
			e := entry(t, id)
			e.CreatedAt = at
			change(&e)
			if _, _, err := jobs.Create(t.Context(), e); err != nil {
				t.Fatal(err)
			}
		}
		same := func(*video.Entry) {}
		create("a", day(1), same)
		create("b", day(1).Add(time.Nanosecond), func(e *video.Entry) { e.End(&video.OutOfCredits{}, e.CreatedAt) })
		create("c", day(1).Add(24*time.Hour-time.Nanosecond), func(e *video.Entry) { e.Phase = video.PhaseAccepted })
		create("e", day(20), func(e *video.Entry) { e.Origin = video.Origin{Trigger: video.TriggerAPI, Token: "alice"} })
		create("d", day(20), func(e *video.Entry) { e.End(&video.Cancelled{}, e.CreatedAt) })
		create("f", day(21), func(e *video.Entry) {
			other, err := catalogue.Parse(all.Models(), []byte(`{"model":"kling-video/v1/standard/text-to-video","prompt":"`+strings.Repeat("ä", 300)+`"}`))
			if err != nil {
				t.Fatal(err)
			}
			e.Request, e.RequestHash = other, other.Hash()
		})
		create("g", day(31), func(e *video.Entry) {
			pairs, err := catalogue.Parse(all.Models(), []byte(`{"prompt":"a boat","metadata":{"project":"boats","scene":"7"}}`))
			if err != nil {
				t.Fatal(err)
			}
			e.Request, e.RequestHash = pairs, pairs.Hash()
		})
		time.Sleep(dynamotest.Lag)
		now := table.PlaceAfter(day(21))
		for name, test := range map[string]struct {
			query table.Query
			want  []string
		}{
			"whole":           {table.Query{Before: now, Limit: 50}, []string{"f,e,d,c,b,a 4"}},
			"one a page":      {table.Query{Before: now, Limit: 1}, []string{"f 2", "e 3", "d 2", "c 3", "b 1", "a 2"}},
			"two a page":      {table.Query{Before: now, Limit: 2}, []string{"f,e 3", "d,c 3", "b,a 2"}},
			"long after":      {table.Query{Before: table.PlaceAfter(day(30)), Limit: 50}, []string{"f,e,d,c,b,a 5"}},
			"queued":          {table.Query{Before: now, Limit: 2, States: []video.State{video.StateQueued}}, []string{"f,e 1", "a 1"}},
			"failed":          {table.Query{Before: now, Limit: 50, States: []video.State{video.StateFailed}}, []string{"b 1"}},
			"running":         {table.Query{Before: now, Limit: 2, States: []video.State{video.StateQueued, video.StateGenerating}}, []string{"f,e 2", "c,a 2"}},
			"completed":       {table.Query{Before: now, Limit: 2, States: []video.State{video.StateCompleted}}, []string{" 1"}},
			"until":           {table.Query{Before: table.PlaceBefore(day(20)), Limit: 50}, []string{"c,b,a 3"}},
			"from":            {table.Query{Before: now, After: table.PlaceBefore(day(20)), Limit: 50}, []string{"f,e,d 3"}},
			"from, full":      {table.Query{Before: now, After: table.PlaceBefore(day(20)), Limit: 3}, []string{"f,e,d 3"}},
			"from, of a kind": {table.Query{Before: now, After: table.PlaceBefore(day(1).Add(1)), Limit: 50, States: []video.State{video.StateFailed}}, []string{"b 1"}},
			"of a model":      {table.Query{Before: now, Limit: 3, Model: entry(t, "").Request.Model()}, []string{"e,d,c 4", "b,a 2"}},
			"of an owner":     {table.Query{Before: now, Limit: 3, Owner: "alice"}, []string{"e 4"}},
			"another's model": {table.Query{Before: now, Limit: 3, Owner: "alice", Model: "another"}, []string{" 4"}},
			"of a pair":       {table.Query{Before: table.PlaceAfter(day(31)), Limit: 50, Metadata: map[string]string{"project": "boats"}}, []string{"g 5"}},
			"of two pairs":    {table.Query{Before: table.PlaceAfter(day(31)), Limit: 50, Metadata: map[string]string{"project": "boats", "scene": "7"}}, []string{"g 5"}},
			"of a wrong pair": {table.Query{Before: table.PlaceAfter(day(31)), Limit: 50, Metadata: map[string]string{"project": "boats", "scene": "8"}}, []string{" 5"}},
			"pair of a state": {table.Query{Before: table.PlaceAfter(day(31)), Limit: 50, States: []video.State{video.StateQueued}, Metadata: map[string]string{"scene": "7"}}, []string{"g 1"}},
			"of both":         {table.Query{Before: now, Limit: 3, Owner: "alice", Model: entry(t, "").Request.Model()}, []string{"e 4"}},
		} {
			if got := pages(t, client, test.query); !slices.Equal(got, test.want) {
				t.Errorf("%s: got %q, want %q", name, got, test.want)
			}
		}
		page, _, err := jobs.List(t.Context(), table.Query{Before: now, Limit: 1})
		if want := (video.Brief{Model: "kling-video/v1/standard/text-to-video", Prompt: strings.Repeat("ä", 200), Duration: 5, AspectRatio: "16:9"}); err != nil || page[0].Brief != want {
			t.Errorf("got %+v, %v", page, err)
		}
	})
}

// A page is short if a filter excludes too many jobs, and the next page continues it.
func TestListIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := &queries{Items: &dynamotest.Items{}}
		jobs := table.New(client, "jobs", marks(), none)
		now := time.Date(2026, 8, 21, 0, 0, 0, 0, time.UTC)
		for n := range 50 {
			e := entry(t, fmt.Sprint("job-", n))
			e.CreatedAt = now.AddDate(0, 0, -n)
			if _, _, err := jobs.Create(t.Context(), e); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(dynamotest.Lag)
		got := pages(t, client, table.Query{Before: table.PlaceAfter(now), Limit: 5, Model: "another"})
		if want := []string{" 20", " 20", " 13"}; !slices.Equal(got, want) {
			t.Errorf("got %q", got)
		}
	})
}

// A job is created only after its day is recorded as having jobs, since no list would show it
// otherwise.
func TestNoJobWithoutItsDay(t *testing.T) {
	fake := dynamotest.New(t)
	jobs := open(fake)
	fake.Fail(func(call dynamotest.Call) dynamotest.Fault {
		return dynamotest.Fault{Cut: call.Partition == "days"}
	})
	_, _, err := jobs.Create(t.Context(), entry(t, "job"))
	wantUnavailable(t, err)
	if all := fake.All(); len(all) > 0 {
		t.Errorf("got %v", all)
	}
	fake.Fail(nil)
	for _, id := range []string{"job", "other"} {
		if _, _, err := jobs.Create(t.Context(), entry(t, id)); err != nil {
			t.Fatal(err)
		}
	}
	if n := fake.Count("PutItem"); n != 3+1 {
		t.Errorf("the day was written %d times", n-3)
	}
}

// The indexes in template.yaml have the attributes that the lists are tested with.
func TestIndexes(t *testing.T) {
	text, err := os.ReadFile("../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]string{}
	for _, m := range regexp.MustCompile(`(?s)IndexName: (by-\w+)\n.*?NonKeyAttributes: \[(.*?)\]`).FindAllStringSubmatch(string(text), -1) {
		found[m[1]] = slices.Sorted(slices.Values(strings.Split(m[2], ", ")))
	}
	want := map[string][]string{
		"by-status": slices.Sorted(slices.Values(dynamotest.Projection())),
		"by-day":    slices.Sorted(slices.Values(append(dynamotest.Projection(), "status"))),
		"by-batch":  slices.Sorted(slices.Values(append(dynamotest.Projection(), "status"))),
		"by-turn":   slices.Sorted(slices.Values(dynamotest.TurnProjection())),
	}
	if !reflect.DeepEqual(found, want) {
		t.Errorf("got %v, want %v", found, want)
	}
}
