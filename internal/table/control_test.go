package table_test

import (
	"crypto/rand"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/operator"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/table/dynamotest"
	"github.com/takeup/takeup/internal/video"
)

// claim creates a job and claims its next attempt. After a conflict it reads the job again, as
// often as Submit does.
func claim(t *testing.T, jobs *table.Table, id string) (video.Entry, error) {
	t.Helper()
	for {
		read, version, err := jobs.Get(t.Context(), id)
		var none *video.NoEntry
		if errors.As(err, &none) {
			read = entry(t, id)
			read.Phase, read.Attempt = "", 0
			if _, _, err := jobs.Create(t.Context(), read); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		claimed, _, err := jobs.Claim(t.Context(), claimed(read, 1, evening), version, budget.Limits{})
		var conflict *video.Conflict
		if !errors.As(err, &conflict) {
			return claimed, err
		}
	}
}

func TestControl(t *testing.T) {
	fake := dynamotest.New(t)
	jobs, ctx := open(fake), t.Context()
	if c, version, err := jobs.Control(ctx); err != nil || version != "" || !reflect.DeepEqual(c, operator.Control{}) {
		t.Fatalf("a new table: %+v, %q, %v", c, version, err)
	}
	// The first claim records the name of the table, the second finds it.
	for n, id := range []string{"a", "b"} {
		if claimed, err := claim(t, jobs, id); err != nil || claimed.Attempt != 1 {
			t.Fatalf("%s: %+v, %v", id, claimed, err)
		}
		c, version, err := jobs.Control(ctx)
		if err != nil || version != "1" || !reflect.DeepEqual(c, operator.Control{Table: jobs.Name()}) {
			t.Errorf("after %d claims: %+v, %q, %v", n+1, c, version, err)
		}
	}
	if got, want := fake.Count("TransactWriteItems"), 2+2; got != want {
		t.Errorf("two jobs and their claims took %d transactions, want %d", got, want)
	}

	at := time.Date(2026, 8, 21, 12, 0, 0, 0, time.UTC)
	paused := operator.Control{Table: jobs.Name(), PausedAt: at, PausedBy: "arn:aws:iam::123456789012:user/ann", Reason: "a bill", Repaired: "another"}
	if err := jobs.PutControl(ctx, paused, "1"); err != nil {
		t.Fatal(err)
	}
	var conflict *video.Conflict
	if err := jobs.PutControl(ctx, operator.Control{Table: jobs.Name()}, "1"); !errors.As(err, &conflict) {
		t.Errorf("two decided on one version: %v", err)
	}
	c, version, err := jobs.Control(ctx)
	if err != nil || version != "2" || !reflect.DeepEqual(c, paused) {
		t.Errorf("paused: %+v, %q, %v", c, version, err)
	}
	for _, id := range []string{"a", "c"} {
		var held *operator.Paused
		if _, err := claim(t, jobs, id); !errors.As(err, &held) || !held.Since.Equal(at) || held.By != paused.PausedBy || !strings.Contains(held.Error(), "a bill") {
			t.Errorf("%s was claimed while the table is paused: %v", id, err)
		}
	}
	if got, _, err := jobs.Get(ctx, "a"); err != nil || got.Attempt != 1 {
		t.Errorf("a was changed while the table is paused: %+v, %v", got, err)
	}
	if got, _, err := jobs.Get(ctx, "c"); err != nil || got.Attempt != 0 {
		t.Errorf("c was claimed while the table is paused: %+v, %v", got, err)
	}
	if got, err := jobs.Paused(ctx); err != nil || got == nil || got.By != paused.PausedBy {
		t.Errorf("got %+v, %v", got, err)
	}
	if err := jobs.PutControl(ctx, operator.Control{Table: jobs.Name()}, "2"); err != nil {
		t.Fatal(err)
	}
	if claimed, err := claim(t, jobs, "a"); err != nil || claimed.Attempt != 2 {
		t.Errorf("resumed: %+v, %v", claimed, err)
	}
	if got, err := jobs.Paused(ctx); err != nil || got != nil {
		t.Errorf("resumed: %+v, %v", got, err)
	}
}

// A table with the items of another table accepts no claim.
func TestACopyIsPaused(t *testing.T) {
	fake := dynamotest.New(t)
	first := open(fake)
	if _, err := claim(t, first, "a"); err != nil {
		t.Fatal(err)
	}
	restored := table.New(fake.Client(), "restored", rand.Text, none)
	var held *operator.Paused
	if _, err := claim(t, restored, "a"); !errors.As(err, &held) || held.CopyOf != first.Name() || !held.Since.IsZero() {
		t.Fatalf("got %v", err)
	}
	_, version, err := restored.Control(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := restored.PutControl(t.Context(), operator.Control{Table: "restored"}, version); err != nil {
		t.Fatal(err)
	}
	if _, err := claim(t, restored, "a"); err != nil {
		t.Errorf("resumed: %v", err)
	}
	if _, err := claim(t, first, "a"); !errors.As(err, &held) {
		t.Errorf("the first name claims too: %v", err)
	}
}

// A claim that succeeded stays its writer's, whatever happens to the answer and whoever then
// pauses the table. A result that can't be known is a ServiceUnavailable.
func TestClaimsInTrouble(t *testing.T) {
	for name, fault := range map[string]dynamotest.Fault{
		"the answer lost":   {After: true, Cut: true},
		"a 500 before it":   {Status: 500, Code: "InternalServerError"},
		"a 500 after it":    {After: true, Status: 500, Code: "InternalServerError"},
		"another under way": {Status: 400, Code: "TransactionCanceledException"},
	} {
		fake := dynamotest.New(t)
		jobs := open(fake)
		if err := jobs.PutControl(t.Context(), operator.Control{Table: jobs.Name()}, ""); err != nil {
			t.Fatal(err)
		}
		fake.Fail(func(call dynamotest.Call) dynamotest.Fault {
			if call.Op == "TransactWriteItems" && call.Count == 1 {
				return fault
			}
			return dynamotest.Fault{}
		})
		if claimed, err := claim(t, jobs, "a"); err != nil || claimed.Attempt != 1 {
			t.Errorf("%s: %+v, %v", name, claimed, err)
		}
	}
	fake := dynamotest.New(t)
	fake.Fail(func(call dynamotest.Call) dynamotest.Fault {
		if call.Partition == "control" {
			return dynamotest.Fault{Status: 400, Code: "AccessDeniedException"}
		}
		return dynamotest.Fault{}
	})
	_, err := claim(t, open(fake), "a")
	wantUnavailable(t, err)
	_, err = open(fake).Paused(t.Context())
	wantUnavailable(t, err)
}

// The control stores every field of the caps, and claims follow the caps in force at their time.
func TestCaps(t *testing.T) {
	jobs, ctx := open(dynamotest.New(t)), t.Context()
	decide := func(change func(operator.Control) operator.Control) {
		t.Helper()
		read, version, err := jobs.Control(ctx)
		after := change(read)
		if err == nil {
			err = jobs.PutControl(ctx, after, version)
		}
		if err != nil {
			t.Fatal(err)
		}
		if got, _, err := jobs.Control(ctx); err != nil || !reflect.DeepEqual(got, after) {
			t.Errorf("got %+v, %v\nwant %+v", got, err, after)
		}
	}
	set := func(caps operator.Caps) {
		t.Helper()
		caps.By, caps.At = "arn:aws:iam::123456789012:user/ann", evening
		decide(func(c operator.Control) operator.Control { return c.SetCaps(jobs.Name(), caps) })
	}
	reset := func() { t.Helper(); decide(operator.Control.ResetCaps) }
	none := func(id, limit string, ends time.Time) {
		t.Helper()
		var full *budget.NoRoom
		if err := claimWithin(t, jobs, id, 4, evening, budget.Limits{DayMicros: 10}); !errors.As(err, &full) || full.Limit != limit || limit != "in_flight" && full.Price != 4 || !full.Ends.Equal(ends) {
			t.Errorf("%s by %s: %v, of %+v", id, limit, err, full)
		}
	}
	fits := func(id string) {
		t.Helper()
		if err := claimWithin(t, jobs, id, 4, evening, budget.Limits{DayMicros: 10}); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
	for id, owner := range map[string]string{"a": "", "b": "", "c": "", "d": "", "e": "alice", "f": "alice", "g": "bob", "h": ""} {
		createFor(t, jobs, id, owner, catalogue.Default(all.Models()))
	}
	fits("a")
	until := evening.Add(time.Hour)
	set(operator.Caps{DayMicros: new(int64(7)), Until: until})
	none("b", "day", until)
	set(operator.Caps{DayMicros: new(int64(3))}) // less than one claim, and less than what is held
	none("b", "day", time.Time{})
	reset()
	fits("b")
	none("c", "day", time.Time{})
	set(operator.Caps{DayMicros: new(int64(0)), InFlight: new(int64(3)), MonthMicros: new(int64(100))})
	fits("c")
	none("d", "in_flight", time.Time{})
	set(operator.Caps{InFlight: new(int64(0)), MonthMicros: new(int64(15)), Until: until})
	none("d", "month", until)
	set(operator.Caps{MonthMicros: new(int64(16)), Until: evening}) // has ended, so that the stack's limit applies
	none("d", "day", time.Time{})
	reset()
	set(operator.Caps{DayMicros: new(int64(0))})
	decide(func(c operator.Control) operator.Control {
		return c.CapOwner(jobs.Name(), "alice", 7).CapOwner(jobs.Name(), "bob", 100)
	})
	fits("e")
	none("f", "owner", time.Time{})
	fits("g")
	fits("h")
	decide(func(c operator.Control) operator.Control { return c.CapOwner(jobs.Name(), "alice", 0) })
	fits("f")
}

// A decision made during a claim fails the claim, and the next one follows it.
func TestCapsWhileAClaimIsMade(t *testing.T) {
	fake := dynamotest.New(t)
	jobs, decided := open(fake), false
	create(t, jobs, "a", "b")
	if _, err := claim(t, jobs, "a"); err != nil {
		t.Fatal(err)
	}
	fake.Fail(func(call dynamotest.Call) dynamotest.Fault {
		if call.Op == "TransactWriteItems" && !decided {
			decided = true
			c, version, err := jobs.Control(t.Context())
			if err == nil {
				err = jobs.PutControl(t.Context(), c.SetCaps(jobs.Name(), operator.Caps{DayMicros: new(int64(1)), At: evening}), version)
			}
			if err != nil {
				t.Error(err)
			}
		}
		return dynamotest.Fault{}
	})
	var full *budget.NoRoom
	if _, err := claim(t, jobs, "b"); !errors.As(err, &full) || full.Of != 1 {
		t.Errorf("got %v", err)
	}
	if got, _, err := jobs.Get(t.Context(), "b"); err != nil || got.Attempt != 0 {
		t.Errorf("%+v, %v", got, err)
	}
}
