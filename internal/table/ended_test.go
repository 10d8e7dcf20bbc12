package table_test

import (
	"errors"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/table/dynamotest"
	"github.com/takeup/takeup/internal/table/outbox"
	"github.com/takeup/takeup/internal/video"
)

// An ending is in the outbox if and only if it was written, whatever was answered, and once.
func TestEndedOnceWhateverFails(t *testing.T) {
	for name, fault := range map[string]dynamotest.Fault{
		"undisturbed":       {},
		"the answer lost":   {After: true, Cut: true},
		"a 500 after it":    {After: true, Status: 500, Code: "InternalServerError"},
		"a 500 before it":   {Status: 500, Code: "InternalServerError"},
		"another under way": {Status: 400, Code: "TransactionCanceledException"},
	} {
		t.Run(name, func(t *testing.T) {
			fake, at := dynamotest.New(t), time.Date(2026, 8, 21, 12, 0, 0, 0, time.UTC)
			jobs, box := open(fake), outbox.New(&fake.Items, "jobs")
			read, version, err := jobs.Create(t.Context(), entry(t, "job"))
			if err != nil {
				t.Fatal(err)
			}
			fake.Fail(func(call dynamotest.Call) dynamotest.Fault {
				if call.Op == "TransactWriteItems" && call.Count == 2 {
					return fault
				}
				return dynamotest.Fault{}
			})
			ended := read
			ended.End(&video.Cancelled{}, at)
			written, next, err := jobs.Update(t.Context(), ended, version)
			if err != nil || written.Endings != 1 {
				t.Fatalf("wrote %+v, %v", written, err)
			}
			var conflict *video.Conflict
			late := read
			late.End(&video.OutOfCredits{}, at)
			if _, _, err := jobs.Update(t.Context(), late, version); !errors.As(err, &conflict) {
				t.Errorf("another ended it too: %v", err)
			}
			if written, _, err = jobs.Update(t.Context(), written, next); err != nil || written.Endings != 1 {
				t.Errorf("written again it is %+v, %v", written, err)
			}
			found, more, err := box.Waiting(t.Context())
			if err != nil || more || len(found) != 1 || found[0].Key != "job#job.1" || found[0].Item.Ending != (video.Ending{N: 1, State: video.StateCancelled, At: at, Outcome: "Cancelled", Paid: video.PaidNo}) {
				t.Errorf("there is %+v, %v", found, err)
			}
		})
	}
}

// An item that is none of these is found with its key.
func TestUnreadableOutbox(t *testing.T) {
	fake := dynamotest.New(t)
	box := outbox.New(&fake.Items, "jobs")
	good := outbox.Put("jobs", outbox.OfJob("job", video.Ending{N: 1, State: video.StateCompleted})).Item
	if err := fake.Put(good); err != nil {
		t.Fatal(err)
	}
	bad := outbox.Put("jobs", outbox.OfJob("job", video.Ending{N: 2, State: video.StateQueued})).Item
	if err := fake.Put(bad); err != nil {
		t.Fatal(err)
	}
	found, _, err := box.Waiting(t.Context())
	var unreadable *outbox.Unreadable
	if err != nil || len(found) != 2 || found[0].Err != nil || !errors.As(found[1].Err, &unreadable) || unreadable.Key != "job#job.2" {
		t.Errorf("found %+v, %v", found, err)
	}
	for _, key := range []string{"job#job.1", "job#job.2", "job#job.3"} {
		if err := box.Delete(t.Context(), key); err != nil {
			t.Error(err)
		}
	}
	if left := fake.All(); len(left) > 0 {
		t.Errorf("left are %v", left)
	}
}
