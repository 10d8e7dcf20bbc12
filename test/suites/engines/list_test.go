package engines_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/video"
)

// testList walks through the pages of the jobs of some days, of a state and of a model, newest
// first, and finds each job once.
func (e engine) testList(t *testing.T) {
	e.create(t, "listed")
	jobs := e.open("listed", nil)
	newest := time.Date(2026, 8, 21, 10, 0, 0, 0, time.UTC)
	var all, failed, alices []string
	for n := range 40 {
		job := entry(t, fmt.Sprintf("job-%02d", n))
		job.CreatedAt = newest.Add(-time.Duration(n*n) * time.Hour) // the gaps grow to several days
		all = append(all, job.ID)
		if n%5 == 0 {
			job.Origin = video.Origin{Trigger: video.TriggerAPI, Token: "alice"}
			alices = append(alices, job.ID)
		}
		if n%3 == 0 {
			job.End(&video.OutOfCredits{}, newest)
			failed = append(failed, job.ID)
		}
		if _, _, err := jobs.Create(t.Context(), job); err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct {
		query table.Query
		want  []string
		full  bool
	}{
		"all":             {table.Query{}, all, true},
		"a state":         {table.Query{States: []video.State{video.StateFailed}}, failed, true},
		"two states":      {table.Query{States: []video.State{video.StateFailed, video.StateQueued}}, all, true},
		"a time":          {table.Query{After: table.PlaceBefore(newest.Add(-100 * time.Hour))}, all[:11], true},
		"a model":         {table.Query{Model: entry(t, "any").Request.Model()}, all, false},
		"an owner":        {table.Query{Owner: "alice", Model: entry(t, "any").Request.Model()}, alices, false},
		"a state's model": {table.Query{Model: "another", States: []video.State{video.StateFailed}}, nil, false},
	} {
		test.query.Before, test.query.Limit = table.PlaceAfter(newest), 7
		var got []string
		for {
			page, next, err := jobs.List(t.Context(), test.query)
			if err != nil {
				t.Fatal(err)
			}
			for _, job := range page {
				got = append(got, job.Entry.ID)
			}
			if next == "" {
				break
			}
			if test.full && len(page) != test.query.Limit {
				t.Errorf("%s: a page of %d before the last", name, len(page))
			}
			test.query.Before = next
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
}
