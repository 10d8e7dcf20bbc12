package operator_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/operator"
)

func TestControl(t *testing.T) {
	at := time.Date(2026, 8, 21, 12, 0, 0, 0, time.UTC)
	if got := (operator.Control{}).Paused("jobs"); got != nil {
		t.Errorf("a new table is paused: %v", got)
	}
	paused := operator.Control{}.Pause("jobs", "ann", "a bill", at)
	if got := paused.Paused("jobs"); got == nil || got.By != "ann" || got.Reason != "a bill" || !got.Since.Equal(at) || got.CopyOf != "" {
		t.Errorf("got %+v", got)
	}
	if again := paused.Pause("jobs", "bob", "another", at.Add(time.Hour)); !reflect.DeepEqual(again, paused) {
		t.Errorf("paused twice: %+v", again)
	}
	resumed, err := paused.Resume("jobs", false)
	if err != nil || !reflect.DeepEqual(resumed, operator.Control{Table: "jobs"}) || resumed.Paused("jobs") != nil {
		t.Errorf("resumed: %+v, %v", resumed, err)
	}
	if again, err := resumed.Resume("jobs", false); err != nil || !reflect.DeepEqual(again, resumed) {
		t.Errorf("resumed twice: %+v, %v", again, err)
	}

	// A copy is paused until it is repaired, whether or not its original is paused.
	var copied *operator.Paused
	for _, original := range []operator.Control{resumed, paused, {Table: "jobs", Repaired: "jobs"}} {
		if got := original.Paused("copy"); got == nil || got.CopyOf == "" && got.By == "" {
			t.Errorf("a copy of %+v is not paused: %+v", original, got)
		}
		if _, err := original.Resume("copy", false); !errors.As(err, &copied) || copied.CopyOf != "jobs" || !strings.Contains(err.Error(), "--repair") {
			t.Errorf("a copy of %+v was resumed: %v", original, err)
		}
		if got := original.Pause("copy", "ann", "", at); got.Table != "jobs" || got.PausedAt.IsZero() {
			t.Errorf("a copy of %+v, paused: %+v", original, got)
		}
		if got, err := original.Resume("copy", true); err != nil || got.Paused("copy") != nil || got.Paused("jobs") == nil {
			t.Errorf("a copy of %+v, resumed without repair: %+v, %v", original, got, err)
		}
		original.Repaired = "copy"
		if got, err := original.Resume("copy", false); err != nil || !reflect.DeepEqual(got, operator.Control{Table: "copy", Repaired: "copy"}) {
			t.Errorf("a repaired copy of %+v: %+v, %v", original, got, err)
		}
	}
}

// Caps override the stack's limits until they end. Limits that they leave out stay.
func TestCaps(t *testing.T) {
	at := time.Date(2026, 8, 21, 12, 0, 0, 0, time.UTC)
	stack := budget.Limits{DayMicros: 100, MonthMicros: 1000, InFlight: 10}
	is := func(step string, c operator.Control, owner string, at time.Time, want budget.Limits) {
		t.Helper()
		if got := c.Limits(stack, owner, at); got != want {
			t.Errorf("%s: %+v, want %+v", step, got, want)
		}
	}
	c := operator.Control{}
	is("nothing decided", c, "", at, stack)
	c = c.SetCaps("jobs", operator.Caps{DayMicros: new(int64(20)), By: "ann", At: at, Until: at.Add(time.Hour)})
	is("a day's", c, "", at, budget.Limits{DayMicros: 20, MonthMicros: 1000, InFlight: 10})
	if c.Table != "jobs" || c.Paused("jobs") != nil {
		t.Errorf("got %+v", c)
	}
	later := at.Add(time.Minute)
	c = c.SetCaps("jobs", operator.Caps{MonthMicros: new(int64(0)), InFlight: new(int64(50)), By: "bob", At: later, Until: at.Add(2 * time.Hour)})
	is("and the others", c, "", later, budget.Limits{DayMicros: 20, InFlight: 50})
	if set := c.CapsAt(later); set == nil || set.By != "bob" || !set.At.Equal(later) {
		t.Errorf("got %+v", set)
	}
	for limit, want := range map[string]time.Time{"day": at.Add(2 * time.Hour), "month": at.Add(2 * time.Hour), "in_flight": at.Add(2 * time.Hour), "owner": {}} {
		if got := c.LimitEnds(limit, later); !got.Equal(want) {
			t.Errorf("%s ends at %v", limit, got)
		}
	}
	end := at.Add(2 * time.Hour)
	is("just before they end", c, "", end.Add(-1), budget.Limits{DayMicros: 20, InFlight: 50})
	is("ended", c, "", end, stack)
	if c.CapsAt(end) != nil || !c.LimitEnds("day", end).IsZero() {
		t.Errorf("ended: %+v", c.CapsAt(end))
	}
	anew := c.SetCaps("jobs", operator.Caps{InFlight: new(int64(1)), At: end})
	is("set anew after they ended", anew, "", end.AddDate(10, 0, 0), budget.Limits{DayMicros: 100, MonthMicros: 1000, InFlight: 1})
	if !anew.LimitEnds("in_flight", end).IsZero() || !anew.LimitEnds("day", end).IsZero() {
		t.Error("caps that are to be reset have an end")
	}
	is("reset", anew.ResetCaps(), "", end, stack)

	// An owner's cap is independent of the caps and of a pause.
	capped := c.CapOwner("jobs", "alice", 7)
	is("an owner's", capped, "alice", later, budget.Limits{DayMicros: 20, InFlight: 50, OwnerDayMicros: 7})
	is("another's", capped, "bob", later, budget.Limits{DayMicros: 20, InFlight: 50})
	if c.Owners != nil {
		t.Errorf("the control before has owners now: %+v", c)
	}
	both := capped.CapOwner("jobs", "bob", 9)
	if len(capped.Owners) != 1 || len(both.Owners) != 2 || !reflect.DeepEqual(both.CapOwner("jobs", "bob", 0).Owners, capped.Owners) {
		t.Errorf("got %+v and %+v", capped.Owners, both.Owners)
	}
	if same := capped.CapOwner("jobs", "bob", 0); !reflect.DeepEqual(same, capped) {
		t.Errorf("removing an absent cap changed the control: %+v", same)
	}
	resumed, err := capped.ResetCaps().Pause("jobs", "ann", "a bill", at).Resume("jobs", false)
	if err != nil || !reflect.DeepEqual(resumed, capped.ResetCaps()) {
		t.Errorf("paused and resumed: %+v, %v", resumed, err)
	}
	if first := (operator.Control{}).CapOwner("jobs", "alice", 1); first.Table != "jobs" {
		t.Errorf("the first decision names no table: %+v", first)
	}
	// Setting caps doesn't resume a copy.
	if copied := (operator.Control{Table: "other"}).SetCaps("jobs", operator.Caps{DayMicros: new(int64(1)), At: at}); copied.Paused("jobs") == nil {
		t.Errorf("a copy is not paused: %+v", copied)
	}
}
