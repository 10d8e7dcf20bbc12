package counter_test

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/table/counter"
	"github.com/takeup/takeup/internal/table/dynamo"
	"github.com/takeup/takeup/internal/video"
)

func claimed(id, owner string, money ...budget.Money) video.Entry {
	return video.Entry{ID: id, Origin: video.Origin{Token: owner}, Request: video.RequestOf(map[string]any{"model": "m"}), Money: money}
}

// A claim finds room up to a limit, and the limit that it exceeds is the one that is named.
func TestNoRoom(t *testing.T) {
	entry := claimed("job", "alice", budget.Money{Attempt: 1, Day: "2026-08-21", Micros: 10, State: budget.Reserved, Slot: true})
	month := dynamo.Attributes{}
	month.Put(dynamo.PartitionKey, "money")
	for name, n := range map[string]int64{"held": 70, "held_21": 40, "in_flight": 3} {
		month.PutNumber(name, n)
	}
	owner := dynamo.Attributes{}
	owner.Put(dynamo.PartitionKey, "usage#2026-08")
	owner.PutNumber("held", 20)
	tomorrow := time.Date(2026, 8, 22, 0, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		limits budget.Limits
		before int64
		want   *budget.NoRoom
	}{
		"no limits": {},
		"room":      {limits: budget.Limits{MonthMicros: 80, DayMicros: 50, OwnerDayMicros: 30, InFlight: 4}},
		"month":     {limits: budget.Limits{MonthMicros: 79}, want: &budget.NoRoom{Limit: budget.LimitMonth, Held: 70, Price: 10, Of: 79, Until: time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)}},
		"day":       {limits: budget.Limits{DayMicros: 49}, want: &budget.NoRoom{Limit: budget.LimitDay, Held: 40, Price: 10, Of: 49, Until: tomorrow}},
		"owner":     {limits: budget.Limits{OwnerDayMicros: 29}, want: &budget.NoRoom{Limit: budget.LimitOwner, Held: 20, Price: 10, Of: 29, Until: tomorrow}},
		"in flight": {limits: budget.Limits{InFlight: 4}, before: 1, want: &budget.NoRoom{Limit: budget.LimitInFlight, Held: 4, Of: 4}},
	} {
		err := counter.NoRoom([]dynamo.Attributes{month, owner}, entry, test.limits, test.before)
		var got *budget.NoRoom
		if errors.As(err, &got); !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: %+v, %v; want %+v", name, got, err, test.want)
		}
	}
}

// Recount adds up the attempts of the months that are asked for, and omits what sums up to 0.
func TestRecount(t *testing.T) {
	got := counter.Recount(map[string]video.Entry{
		"a": claimed("a", "alice", budget.Money{Attempt: 1, Day: "2026-08-21", Micros: 10, State: budget.Spent}, budget.Money{Attempt: 2, Day: "2026-08-22", Micros: 5, State: budget.Reserved, Slot: true}),
		"b": claimed("b", "", budget.Money{Attempt: 1, Day: "2026-08-21", Micros: 7, State: budget.Failed}, budget.Money{Attempt: 2, Day: "2026-09-01", Micros: 7, State: budget.Spent}),
	}, []string{"2026-08"})
	want := []counter.Tally{
		{Partition: "money", Sort: "2026-08", Sums: map[string]int64{"held": 15, "spent": 10, "reserved": 5, "held_21": 10, "held_22": 5, "in_flight": 1}},
		{Partition: "usage#2026-08", Sort: "21#", Sums: map[string]int64{"failed#m": 1}},
		{Partition: "usage#2026-08", Sort: "21#alice", Sums: map[string]int64{"held": 10, "spent#m": 10, "videos#m": 1}},
		{Partition: "usage#2026-08", Sort: "22#alice", Sums: map[string]int64{"held": 5, "reserved#m": 5}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}
