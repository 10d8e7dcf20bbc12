package table_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/operator"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/table/counter"
	"github.com/takeup/takeup/internal/table/dynamo"
	"github.com/takeup/takeup/internal/table/dynamotest"
	"github.com/takeup/takeup/internal/video"
)

var evening = time.Date(2026, 8, 31, 23, 59, 0, 0, time.UTC)

// claimed returns the entry with its next attempt, which reserves the amount.
func claimed(entry video.Entry, micros int64, at time.Time) video.Entry {
	entry.Phase, entry.Attempt, entry.ClaimedAt = video.PhaseClaimed, entry.Attempt+1, at
	entry.Reserve(micros, at)
	return entry
}

// claimWithin claims a job's next attempt within limits. After a conflict it reads the job
// again, as often as Submit does.
func claimWithin(t *testing.T, c *table.Table, id string, micros int64, at time.Time, limits budget.Limits) error {
	t.Helper()
	for {
		entry, version, err := c.Get(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = c.Claim(t.Context(), claimed(entry, micros, at), version, limits)
		var conflict *video.Conflict
		if !errors.As(err, &conflict) {
			return err
		}
	}
}

func book(t *testing.T, c *table.Table, id string, state budget.State, charged int64) {
	t.Helper()
	entry, version, err := c.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	entry.Book(state, charged)
	if _, _, err := c.Update(t.Context(), entry, version); err != nil {
		t.Fatal(err)
	}
}

func create(t *testing.T, c *table.Table, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if _, _, err := c.Create(t.Context(), video.Entry{ID: id, CreatedAt: evening, Execution: id}); err != nil {
			t.Fatal(err)
		}
	}
}

func wantMonth(t *testing.T, c *table.Table, month string, want counter.Sums) {
	t.Helper()
	if got, err := c.Month(t.Context(), month); err != nil || got != want {
		t.Errorf("%s: %+v, %v; want %+v", month, got, err, want)
	}
}

func wantDay(t *testing.T, c *table.Table, day string, want int64) {
	t.Helper()
	if got, err := c.Day(t.Context(), day); err != nil || got != want {
		t.Errorf("%s: %d, %v; want %d", day, got, err, want)
	}
}

func TestClaimsWithinLimits(t *testing.T) {
	c := open(dynamotest.New(t))
	create(t, c, "a", "b", "c", "d", "e")
	var full *budget.NoRoom
	limits := budget.Limits{DayMicros: 10, MonthMicros: 12, InFlight: 2}
	if err := claimWithin(t, c, "a", 11, evening, limits); !errors.As(err, &full) || full.Limit != "day" || full.Held != 0 || full.Of != 10 {
		t.Errorf("more than the day's limit, the first: %v", err)
	}
	if err := claimWithin(t, c, "a", 6, evening, limits); err != nil {
		t.Fatal(err)
	}
	if err := claimWithin(t, c, "b", 5, evening, limits); !errors.As(err, &full) || full.Limit != "day" || full.Held != 6 || !full.Until.Equal(evening.Add(time.Minute)) {
		t.Errorf("more than the day's limit: %+v, %v", full, err)
	}
	if err := claimWithin(t, c, "b", 4, evening, limits); err != nil {
		t.Fatal(err)
	}
	if err := claimWithin(t, c, "c", 0, evening, limits); !errors.As(err, &full) || full.Limit != "in_flight" || full.Held != 2 || !full.Until.IsZero() {
		t.Errorf("more in flight: %+v, %v", full, err)
	}
	wantMonth(t, c, "2026-08", counter.Sums{Held: 10, Reserved: 10, InFlight: 2})
	// The next day starts from zero, except for the attempts in flight and the month.
	next := evening.Add(2 * time.Minute)
	if err := claimWithin(t, c, "c", 0, next, limits); !errors.As(err, &full) || full.Limit != "in_flight" || full.Held != 2 {
		t.Errorf("those of yesterday are in flight: %+v, %v", full, err)
	}
	book(t, c, "a", budget.Spent, 9)
	wantMonth(t, c, "2026-08", counter.Sums{Held: 13, Reserved: 4, Spent: 9, InFlight: 1})
	if err := claimWithin(t, c, "c", 10, next, limits); err != nil {
		t.Errorf("September's first: %v", err)
	}
	book(t, c, "b", budget.Uncertain, 0)
	if err := claimWithin(t, c, "d", 1, next.AddDate(0, 0, 1), limits); err != nil {
		t.Errorf("the second: %v", err)
	}
	if err := claimWithin(t, c, "e", 2, next.AddDate(0, 0, 2), budget.Limits{MonthMicros: 12}); !errors.As(err, &full) || full.Limit != "month" || full.Held != 11 || !full.Until.Equal(time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("more than the month's: %+v, %v", full, err)
	}
	if err := claimWithin(t, c, "e", 100, next, budget.Limits{}); err != nil {
		t.Errorf("without limits: %v", err)
	}
	wantMonth(t, c, "2026-08", counter.Sums{Held: 13, Spent: 9, Uncertain: 4})
	wantMonth(t, c, "2026-09", counter.Sums{Held: 111, Reserved: 111, InFlight: 3})
	wantDay(t, c, "2026-08-31", 13)
	wantDay(t, c, "2026-09-01", 110)
	wantDay(t, c, "2026-09-02", 1)
	wantDay(t, c, "2026-09-03", 0)
	// An outdated entry is a conflict, even if there is no room.
	entry, _, err := c.Get(t.Context(), "d")
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = c.Claim(t.Context(), claimed(entry, 5, next), "1", limits)
	wantConflict(t, err)
}

// A pause is reported before a lack of room, and also to the first claim of a month.
func TestPausedBeforeFull(t *testing.T) {
	c := open(dynamotest.New(t))
	create(t, c, "a", "b")
	if err := c.PutControl(t.Context(), operator.Control{Table: c.Name(), PausedAt: evening}, ""); err != nil {
		t.Fatal(err)
	}
	limits := budget.Limits{DayMicros: 10}
	var paused *operator.Paused
	for _, micros := range []int64{1, 11} {
		if err := claimWithin(t, c, "a", micros, evening, limits); !errors.As(err, &paused) {
			t.Errorf("%d: %v", micros, err)
		}
	}
	wantMonth(t, c, "2026-08", counter.Sums{})
	if err := c.PutControl(t.Context(), operator.Control{Table: c.Name()}, "1"); err != nil {
		t.Fatal(err)
	}
	if err := claimWithin(t, c, "a", 10, evening, limits); err != nil {
		t.Fatal(err)
	}
	if err := c.PutControl(t.Context(), operator.Control{Table: c.Name(), PausedAt: evening}, "2"); err != nil {
		t.Fatal(err)
	}
	if err := claimWithin(t, c, "b", 1, evening, limits); !errors.As(err, &paused) {
		t.Errorf("full, and paused: %v", err)
	}
	wantMonth(t, c, "2026-08", counter.Sums{Held: 10, Reserved: 10, InFlight: 1})
}

// The transaction of a claim has at most four items, also after an attempt of the month before.
func TestAClaimIsOfFourItems(t *testing.T) {
	fake := dynamotest.New(t)
	c := table.New(most{fake.Client(), t}, "jobs", marks(), none)
	create(t, c, "a")
	limits := budget.Limits{DayMicros: 100, MonthMicros: 100, InFlight: 10}
	if err := claimWithin(t, c, "a", 3, evening, limits); err != nil {
		t.Fatal(err)
	}
	book(t, c, "a", budget.Uncertain, 0)
	if err := claimWithin(t, c, "a", 4, evening.Add(time.Hour), limits); err != nil {
		t.Fatal(err)
	}
	book(t, c, "a", budget.Spent, 5)
	wantMonth(t, c, "2026-08", counter.Sums{Held: 3, Uncertain: 3})
	wantMonth(t, c, "2026-09", counter.Sums{Held: 5, Spent: 5})
}

// most is a client that refuses larger transactions.
type most struct {
	dynamo.Client
	t *testing.T
}

func (m most) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, options ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	if len(in.TransactItems) > 4 {
		m.t.Errorf("a transaction of %d items", len(in.TransactItems))
	}
	return m.Client.TransactWriteItems(ctx, in, options...)
}

// A claim recognizes its own write after a lost answer, even if it filled the counter itself.
func TestClaimsLoseAnswers(t *testing.T) {
	for name, fault := range map[string]dynamotest.Fault{
		"cut": {After: true, Cut: true}, "500": {After: true, Status: 500, Code: "InternalServerError"},
		"conflict": {Status: 400, Code: "TransactionCanceledException"},
	} {
		fake := dynamotest.New(t)
		c := open(fake)
		create(t, c, "a")
		n := fake.Count("TransactWriteItems")
		fake.Fail(func(call dynamotest.Call) dynamotest.Fault {
			if call.Op == "TransactWriteItems" && call.Count == n+1 {
				return fault
			}
			return dynamotest.Fault{}
		})
		if err := claimWithin(t, c, "a", 10, evening, budget.Limits{DayMicros: 10, InFlight: 1}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		wantMonth(t, c, "2026-08", counter.Sums{Held: 10, Reserved: 10, InFlight: 1})
	}
}

// The counters are the sums of the items, whatever happens to the attempts. They exceed the
// limits only by the amount by which attempts turned out to cost more.
func TestCountersAreTheSums(t *testing.T) {
	c := open(dynamotest.New(t))
	const jobs = 6
	var ids []string
	for i := range jobs {
		id := fmt.Sprint("job-", i)
		createFor(t, c, id, []string{"", "alice", "bob#1"}[i%3], []string{catalogue.Default(all.Models()), "klingai/video-v3-pro-text-to-video"}[i%2])
		ids = append(ids, id)
	}
	random := rand.New(rand.NewPCG(1, 2))
	states := []budget.State{budget.Reserved, budget.Spent, budget.Uncertain, budget.Released, budget.Failed}
	for range 300 {
		id := ids[random.IntN(jobs)]
		if random.IntN(2) == 0 {
			at := evening.Add(time.Duration(random.IntN(2880)) * time.Minute)
			err := claimWithin(t, c, id, random.Int64N(5), at, budget.Limits{DayMicros: 20, MonthMicros: 30, InFlight: 4, OwnerDayMicros: 12})
			var full *budget.NoRoom
			if err != nil && !errors.As(err, &full) {
				t.Fatal(err)
			}
		} else {
			book(t, c, id, states[random.IntN(len(states))], random.Int64N(7))
		}
		var entries []video.Entry
		for _, id := range ids {
			entry, _, err := c.Get(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			entries = append(entries, entry)
		}
		sums := sumOf(entries)
		for _, month := range []string{"2026-08", "2026-09"} {
			wantMonth(t, c, month, sums.months[month])
			wantUsage(t, c, month, sums.usage[month])
		}
		for _, day := range []string{"2026-08-31", "2026-09-01", "2026-09-02"} {
			wantDay(t, c, day, sums.days[day])
		}
		if t.Failed() {
			return
		}
	}
}

// Of many concurrent claims, as many succeed as there is room for.
func TestClaimsAtOnce(t *testing.T) {
	c := open(dynamotest.New(t))
	const jobs = 20
	for i := range jobs {
		create(t, c, fmt.Sprint("job-", i))
	}
	var group sync.WaitGroup
	errs := make([]error, jobs)
	for i := range jobs {
		group.Go(func() {
			errs[i] = claimWithin(t, c, fmt.Sprint("job-", i), 3, evening, budget.Limits{DayMicros: 20, InFlight: 100})
		})
	}
	group.Wait()
	through := 0
	for _, err := range errs {
		var full *budget.NoRoom
		if err == nil {
			through++
		} else if !errors.As(err, &full) {
			t.Error(err)
		}
	}
	if through != 6 {
		t.Errorf("%d went through", through)
	}
	wantMonth(t, c, "2026-08", counter.Sums{Held: 18, Reserved: 18, InFlight: 6})
}

func TestMoneyIsKept(t *testing.T) {
	c := open(dynamotest.New(t))
	create(t, c, "a")
	if err := claimWithin(t, c, "a", 3, evening, budget.Limits{}); err != nil {
		t.Fatal(err)
	}
	book(t, c, "a", budget.Uncertain, 0)
	if err := claimWithin(t, c, "a", 4, evening, budget.Limits{}); err != nil {
		t.Fatal(err)
	}
	want := []budget.Money{
		{Attempt: 1, Day: "2026-08-31", Micros: 3, State: budget.Uncertain},
		{Attempt: 2, Day: "2026-08-31", Micros: 4, State: budget.Reserved, Slot: true},
	}
	entry, _, err := c.Get(t.Context(), "a")
	if err != nil || !reflect.DeepEqual(entry.Money, want) || !reflect.DeepEqual(entry.Booked, want) {
		t.Errorf("%+v, %v", entry.Money, err)
	}
	book(t, c, "a", budget.Released, 0)
	book(t, c, "a", budget.Uncertain, 0) // a released attempt stays released,
	wantMonth(t, c, "2026-08", counter.Sums{Held: 3, Uncertain: 3})
	book(t, c, "a", budget.Spent, 9) // unless it turns out to have been charged
	book(t, c, "a", budget.Reserved, 0)
	wantMonth(t, c, "2026-08", counter.Sums{Held: 12, Uncertain: 3, Spent: 9})
}
