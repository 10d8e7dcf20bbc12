package table_test

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/table/counter"
	"github.com/takeup/takeup/internal/table/dynamotest"
	"github.com/takeup/takeup/internal/video"
)

// sums are the expected counters.
type sums struct {
	months map[string]counter.Sums
	days   map[string]int64
	usage  map[string][]budget.Usage
}

func sumOf(entries []video.Entry) sums {
	s := sums{map[string]counter.Sums{}, map[string]int64{}, map[string][]budget.Usage{}}
	usage := map[budget.Usage]*budget.Usage{}
	for _, entry := range entries {
		for _, m := range entry.Money {
			month := s.months[m.Month()]
			key := budget.Usage{Day: m.Day, Owner: entry.Origin.Token, Model: entry.Request.Model()}
			if usage[key] == nil {
				of := key
				usage[key] = &of
			}
			u := usage[key]
			switch m.State {
			case budget.Reserved:
				month.Reserved, u.ReservedMicros = month.Reserved+m.Micros, u.ReservedMicros+m.Micros
			case budget.Spent:
				month.Spent, u.SpentMicros, u.Videos = month.Spent+m.Micros, u.SpentMicros+m.Micros, u.Videos+1
			case budget.Uncertain:
				month.Uncertain, u.UncertainMicros, u.InDoubt = month.Uncertain+m.Micros, u.UncertainMicros+m.Micros, u.InDoubt+1
			case budget.Failed:
				u.Failed++
			}
			if m.State != budget.Released && m.State != budget.Failed {
				s.days[m.Day] += m.Micros
			}
			if m.Slot {
				month.InFlight++
			}
			month.Held = month.Reserved + month.Spent + month.Uncertain
			s.months[m.Month()] = month
		}
	}
	for key, u := range usage {
		if *u != key {
			month := u.Day[:len("2006-01")]
			s.usage[month] = append(s.usage[month], *u)
		}
	}
	for _, all := range s.usage {
		slices.SortFunc(all, func(a, b budget.Usage) int {
			return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Owner, b.Owner), cmp.Compare(a.Model, b.Model))
		})
	}
	return s
}

func wantUsage(t *testing.T, c *table.Table, month string, want []budget.Usage) {
	t.Helper()
	if got, err := c.Usage(t.Context(), month); err != nil || !slices.Equal(got, want) {
		t.Errorf("%s: %+v, %v; want %+v", month, got, err, want)
	}
}

func createFor(t *testing.T, c *table.Table, id, owner, model string) {
	t.Helper()
	request, err := catalogue.Parse(all.Models(), fmt.Appendf(nil, `{"prompt":"a boat","model":%q}`, model))
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = c.Create(t.Context(), video.Entry{
		ID: id, Request: request, RequestHash: request.Hash(), CreatedAt: evening, Execution: id, Origin: video.Origin{Trigger: video.TriggerAPI, Token: owner},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// An owner's cap applies to the owner's day, whatever the others have spent, and relaxes no
// other limit.
func TestClaimsWithinAnOwnersLimit(t *testing.T) {
	c := open(dynamotest.New(t))
	for id, owner := range map[string]string{"a": "alice", "b": "alice", "c": "bob", "d": ""} {
		createFor(t, c, id, owner, catalogue.Default(all.Models()))
	}
	limits := budget.Limits{DayMicros: 20, OwnerDayMicros: 10}
	var full *budget.NoRoom
	if err := claimWithin(t, c, "a", 11, evening, limits); !errors.As(err, &full) || full.Limit != "owner" || full.Held != 0 || full.Of != 10 {
		t.Errorf("more than the owner's limit, the first: %v", err)
	}
	if err := claimWithin(t, c, "a", 6, evening, limits); err != nil {
		t.Fatal(err)
	}
	if err := claimWithin(t, c, "b", 5, evening, limits); !errors.As(err, &full) || full.Limit != "owner" || full.Held != 6 || full.Of != 10 || !full.Until.Equal(evening.Add(time.Minute)) {
		t.Errorf("more than the owner's limit: %+v, %v", full, err)
	}
	if err := claimWithin(t, c, "c", 10, evening, limits); err != nil {
		t.Errorf("another owner: %v", err)
	}
	if err := claimWithin(t, c, "b", 5, evening, limits); !errors.As(err, &full) || full.Limit != "day" || full.Held != 16 {
		t.Errorf("more than both limits: %+v, %v", full, err)
	}
	if err := claimWithin(t, c, "b", 5, evening.Add(time.Hour), limits); err != nil {
		t.Errorf("the next day: %v", err)
	}
	if err := claimWithin(t, c, "d", 4, evening, budget.Limits{DayMicros: 20}); err != nil {
		t.Errorf("nobody's, without a limit: %v", err)
	}
	book(t, c, "a", budget.Spent, 7)
	book(t, c, "b", budget.Failed, 0)
	book(t, c, "c", budget.Uncertain, 0)
	wantUsage(t, c, "2026-08", []budget.Usage{
		{Day: "2026-08-31", Model: catalogue.Default(all.Models()), ReservedMicros: 4},
		{Day: "2026-08-31", Owner: "alice", Model: catalogue.Default(all.Models()), Videos: 1, SpentMicros: 7},
		{Day: "2026-08-31", Owner: "bob", Model: catalogue.Default(all.Models()), InDoubt: 1, UncertainMicros: 10},
	})
	wantUsage(t, c, "2026-09", []budget.Usage{{Day: "2026-09-01", Owner: "alice", Model: catalogue.Default(all.Models()), Failed: 1}})
	if _, err := c.Usage(t.Context(), "2026-13"); err == nil {
		t.Error("a month that isn't one was read")
	}
	// A failed attempt stays counted when another attempt follows.
	if err := claimWithin(t, c, "b", 5, evening.Add(2*time.Hour), limits); err != nil {
		t.Fatal(err)
	}
	wantUsage(t, c, "2026-09", []budget.Usage{{Day: "2026-09-01", Owner: "alice", Model: catalogue.Default(all.Models()), Failed: 1, ReservedMicros: 5}})
}
