package record_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/table/dynamotest"
	"github.com/takeup/takeup/internal/table/outbox"
	"github.com/takeup/takeup/internal/video"
)

// waiting returns the ids of what is in the outbox.
func waiting(t *testing.T, items *dynamotest.Items) (ids []string) {
	t.Helper()
	found, _, err := outbox.New(items, "jobs").Waiting(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range found {
		if one.Err != nil {
			t.Error(one.Err)
		}
		ids = append(ids, one.Item.ID())
	}
	return ids
}

// A cap is told once for each of its periods and amounts, also after it was told.
func TestTellCapReached(t *testing.T) {
	fake, day := dynamotest.New(t), time.Date(2026, 8, 22, 0, 0, 0, 0, time.UTC)
	records, at := open(fake), day.Add(-time.Hour)
	full := func(limit string, of int64, until time.Time) *budget.NoRoom {
		return &budget.NoRoom{Limit: limit, Held: of, Of: of, Price: 1, Until: until}
	}
	tell := func(owner string, why *budget.NoRoom) {
		t.Helper()
		if err := records.TellCapReached(t.Context(), owner, why, at); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		tell("alice", full("day", 5, day))
		tell("bob", full("day", 5, day))
		tell("alice", full("owner", 5, day))
		tell("bob", full("owner", 5, day))
		tell("", full("month", 50, day.AddDate(0, 0, 10)))
		tell("", full("day", 6, day))                  // raised, and reached again
		tell("", full("day", 5, day.AddDate(0, 0, 1))) // the next day
		tell("", &budget.NoRoom{Limit: "in_flight", Held: 3, Of: 3})
		tell("", &budget.NoRoom{Limit: "day", Of: 5, Price: 6, Until: day}) // a video that no day has room for
	}
	want := []string{"day.2026-08-22.5.1", "day.2026-08-22.6.1", "day.2026-08-23.5.1", "month.2026-09-01.50.1", "owner.alice.2026-08-22.5.1", "owner.bob.2026-08-22.5.1"}
	if got := waiting(t, &fake.Items); !slices.Equal(got, want) {
		t.Errorf("told %q, want %q", got, want)
	}
	if err := outbox.New(&fake.Items, "jobs").Delete(t.Context(), "cap#day.2026-08-22.5.1"); err != nil {
		t.Fatal(err)
	}
	tell("", full("day", 5, day))
	if got := waiting(t, &fake.Items); !slices.Equal(got, want[1:]) {
		t.Errorf("then told %q, want %q", got, want[1:])
	}
}

// Whatever fails, a notice is in the outbox once the call has succeeded, and not twice.
func TestNoticeWhateverFails(t *testing.T) {
	at := time.Date(2026, 8, 22, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		fault dynamotest.Fault
		first bool // the first call fails
	}{
		"undisturbed":       {},
		"the answer lost":   {fault: dynamotest.Fault{After: true, Cut: true}},
		"a 500 before it":   {fault: dynamotest.Fault{Status: 500, Code: "InternalServerError"}},
		"another under way": {fault: dynamotest.Fault{Status: 400, Code: "TransactionCanceledException"}},
		"refused":           {fault: dynamotest.Fault{Status: 400, Code: "AccessDeniedException"}, first: true},
	} {
		t.Run(name, func(t *testing.T) {
			fake := dynamotest.New(t)
			records := open(fake)
			fake.Fail(func(call dynamotest.Call) dynamotest.Fault {
				if call.Op == "TransactWriteItems" && call.Count == 1 {
					return c.fault
				}
				return dynamotest.Fault{}
			})
			tell := func() error {
				return records.TellAttention(t.Context(), "watch.2026-08-22", outbox.Attention{About: "watch", Message: "no", ToDo: "look", Videos: slices.Repeat([]string{"job"}, 30), Count: 30}, at)
			}
			err := tell()
			var unavailable *video.ServiceUnavailable
			if (err != nil) != c.first || err != nil && !errors.As(err, &unavailable) {
				t.Errorf("the first call: %v", err)
			}
			if err := tell(); err != nil {
				t.Error(err)
			}
			if got := waiting(t, &fake.Items); !slices.Equal(got, []string{"watch.2026-08-22.1"}) {
				t.Errorf("told %q", got)
			}
			for _, item := range fake.All() {
				if videos, ok := item["videos"].(*types.AttributeValueMemberS); ok && len(strings.Fields(videos.Value)) != outbox.MaxVideos {
					t.Errorf("it names %q", videos.Value)
				}
			}
		})
	}
}
