package pipeline_test

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/table/counter"
	"github.com/takeup/takeup/internal/table/dynamotest"
	"github.com/takeup/takeup/internal/video"
)

// monthEnd is shortly before the end of the first month of a synctest bubble.
func monthEnd() time.Time { return time.Date(2000, 1, 31, 23, 59, 30, 0, time.UTC) }

// count compares the counters with the items, after a write of a job and perhaps of counters. A
// write that leaves both the job's money and the counters as they were needs no look.
func (s *stage) count(job dynamotest.Attributes, counters bool) {
	if s.wrong != "" || !counters && reflect.DeepEqual(job["money"], s.counted) {
		return
	}
	s.counted = job["money"]
	plain := s.tableOf(&s.items)
	ctx := context.Background()
	entry, _, err := plain.Get(ctx, "job-1")
	if err != nil {
		return // no entry yet
	}
	days, months := map[string]int64{"2000-01-31": 0, "2000-02-01": 0, "2000-02-02": 0}, map[string]counter.Sums{"2000-01": {}, "2000-02": {}}
	used := map[string]budget.Usage{}
	for _, m := range entry.Money {
		days[m.Day] += counted(counter.Sums{}, m).Held
		months[m.Month()] = counted(months[m.Month()], m)
		used[m.Day] = use(used[m.Day], entry, m)
	}
	for day, want := range days {
		if got, err := plain.Day(ctx, day); err != nil || got != want {
			s.wrong = fmt.Sprintf("%s holds %d, and the job %d (%v)", day, got, want, err)
		}
	}
	for month, want := range months {
		if got, err := plain.Month(ctx, month); err != nil || got != want {
			s.wrong = fmt.Sprintf("%s counts %+v, and the job has %+v (%v)", month, got, want, err)
		}
		var usage []budget.Usage
		for _, day := range slices.Sorted(maps.Keys(used)) {
			// A day whose money was all released has no usage.
			if u := used[day]; strings.HasPrefix(day, month) && u != (budget.Usage{Day: day, Owner: u.Owner, Model: u.Model}) {
				usage = append(usage, u)
			}
		}
		if got, err := plain.Usage(ctx, month); s.wrong == "" && (err != nil || !slices.Equal(got, usage)) {
			s.wrong = fmt.Sprintf("the usage of %s is %+v, and the job's %+v (%v)", month, got, usage, err)
		}
	}
}

// use adds an attempt to the usage of its day.
func use(u budget.Usage, entry video.Entry, m budget.Money) budget.Usage {
	u.Day, u.Owner, u.Model = m.Day, entry.Origin.Token, entry.Request.Model()
	switch m.State {
	case budget.Reserved:
		u.ReservedMicros += m.Micros
	case budget.Spent:
		u.Videos, u.SpentMicros = u.Videos+1, u.SpentMicros+m.Micros
	case budget.Uncertain:
		u.InDoubt, u.UncertainMicros = u.InDoubt+1, u.UncertainMicros+m.Micros
	case budget.Failed:
		u.Failed++
	}
	return u
}

func counted(c counter.Sums, m budget.Money) counter.Sums {
	switch m.State {
	case budget.Reserved:
		c.Reserved += m.Micros
	case budget.Spent:
		c.Spent += m.Micros
	case budget.Uncertain:
		c.Uncertain += m.Micros
	}
	if m.Slot {
		c.InFlight++
	}
	c.Held = c.Reserved + c.Spent + c.Uncertain
	return c
}

// accounts checks the money of a job that has ended. Nothing is reserved or in flight. Attempts
// that were accepted are spent, attempts that may have been are uncertain, and those that
// certainly were not cost nothing.
func (s *stage) accounts(t *testing.T, name, outcome string) {
	t.Helper()
	if s.wrong != "" {
		t.Errorf("%s: %s", name, s.wrong)
	}
	entry, _, err := s.tableOf(&s.items).Get(t.Context(), "job-1")
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	var sum counter.Sums
	for _, m := range entry.Money {
		sum = counted(sum, m)
	}
	switch {
	case sum.Reserved != 0 || sum.InFlight != 0:
		t.Errorf("%s: it ended with %s, and holds %+v", name, outcome, sum)
	case len(s.accepted) > 0 && sum.Spent+sum.Uncertain == 0:
		t.Errorf("%s: it ended with %s, was paid, and its money was released: %+v", name, outcome, entry.Money)
	case outcome == "stored" && (sum.Spent != 980_000 || sum.Uncertain != 0):
		t.Errorf("%s: it is stored, and %+v", name, sum)
	case outcome == "SubmissionLost" && sum.Uncertain != 980_000:
		t.Errorf("%s: it is lost, and %+v", name, sum)
	case strings.Contains("InvalidRequest Unauthorized OutOfCredits Cancelled", outcome) && sum.Held != 0:
		t.Errorf("%s: it ended with %s, and costs %+v", name, outcome, sum)
	}
}
