package table_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/table/dynamotest"
	"github.com/takeup/takeup/internal/video"
)

// marks returns a source of unique texts.
func marks() func() string {
	var n atomic.Int64
	return func() string { return fmt.Sprintf("mark-%d", n.Add(1)) }
}

// none adds no jitter to the shortest wait of a retry.
func none(time.Duration) time.Duration { return 0 }

func open(fake *dynamotest.Server) *table.Table {
	return table.New(fake.Client(), "jobs", marks(), none)
}

func entry(t *testing.T, id string) video.Entry {
	t.Helper()
	request, err := catalogue.OfPrompt(all.Models(), "a paper boat <crosses> a flooded street & turns")
	if err != nil {
		t.Fatal(err)
	}
	return video.Entry{
		ID: id, Request: request, RequestHash: request.Hash(), Phase: video.PhaseClaimed, Attempt: 1,
		CreatedAt: time.Date(2026, 8, 21, 10, 0, 0, 5, time.UTC),
	}
}

func wantConflict(t *testing.T, err error) {
	t.Helper()
	var conflict *video.Conflict
	if !errors.As(err, &conflict) {
		t.Errorf("got %v, want a conflict", err)
	}
}

func wantUnavailable(t *testing.T, err error) {
	t.Helper()
	if _, ok := err.(*video.ServiceUnavailable); !ok {
		t.Errorf("got %v, want ServiceUnavailable, outermost", err)
	}
}

// An entry is read back as it was written, in every field.
func TestEntriesAreKeptWhole(t *testing.T) {
	at := func(n int) time.Time { return time.Date(2026, 8, 21, 10, n, 0, 123456789, time.UTC) }
	full := entry(t, "full")
	full.ClaimedAt, full.ClaimedUntil, full.RetryAt, full.BusySince, full.PausedSince = at(1), at(2), at(3), at(4), at(5)
	full.FullSince = at(5)
	full.SubmittedAt, full.DiscardedAt, full.Redrives = at(5), at(6), 2
	full.Manifest = &video.Manifest{
		ID: "full", Model: full.Request.Model(), Request: full.Request, GenerationID: "g", CreatedAt: full.CreatedAt, SubmittedAt: at(5),
		CompletedAt: at(6), StoringAt: at(6), StoredAt: at(7), Polls: 3, Bytes: 1234, CRC32: "y/Q5Jg==", Seconds: 5.041, Width: 1280, Height: 720,
		ChargedMicros: 7, PipelineVersion: "1a2b3c4d5e6f",
	}
	full.Origin = video.Origin{Trigger: video.TriggerFile, Token: "alice", Bucket: "prompts", Key: "a.txt", Version: "v1"}
	full.Manifest.Origin = full.Origin
	full.Provider, full.KeyVersion, full.Candidate, full.Handle, full.GenerationID, full.Resubmitted = "p", "v", "c", "h", "g", true
	full.Refusal = &video.Refused{Kind: "busy", Said: "no room"}
	full.End(&video.Discarded{GenerationID: "g", Micros: 7}, at(8))
	unread := video.Entry{ID: "unread", CreatedAt: at(0), Execution: "unread", Started: true}
	unread.End(&video.InvalidRequest{}, at(1))
	forgotten := full
	forgotten.ID, forgotten.Manifest = "forgotten", &video.Manifest{}
	*forgotten.Manifest = *full.Manifest
	forgotten.Manifest.ID = "forgotten"
	forgotten.Forget(at(9))
	for _, want := range []video.Entry{entry(t, "small"), full, unread, forgotten} {
		jobs := open(dynamotest.New(t))
		written, _, err := jobs.Create(t.Context(), want)
		if err != nil {
			t.Fatal(err)
		}
		read, _, err := jobs.Get(t.Context(), want.ID)
		if err != nil || !reflect.DeepEqual(read, written) {
			t.Errorf("read %+v\nwant %+v, %v", read, written, err)
		}
		want.Mark = read.Mark
		want.CountEnding()
		a, _ := json.Marshal(read)
		b, _ := json.Marshal(want)
		if string(a) != string(b) {
			t.Errorf("read %s\nwant %s", a, b)
		}
	}
}

func TestOneWriterIsLetThrough(t *testing.T) {
	fake := dynamotest.New(t)
	jobs, ctx := open(fake), t.Context()
	_, _, err := jobs.Get(ctx, "job")
	var none *video.NoEntry
	if !errors.As(err, &none) || none.ID != "job" {
		t.Fatalf("before there is one: %v", err)
	}
	created, v1, err := jobs.Create(ctx, entry(t, "job"))
	if err != nil || created.Mark == "" || v1 != "1" {
		t.Fatalf("created %+v, version %q, %v", created, v1, err)
	}
	_, _, err = jobs.Create(ctx, entry(t, "job"))
	wantConflict(t, err)
	created.Attempt = 2
	updated, v2, err := jobs.Update(ctx, created, v1)
	if err != nil || v2 != "2" || updated.Attempt != 2 || updated.Mark == created.Mark {
		t.Fatalf("updated %+v, version %q, %v", updated, v2, err)
	}
	_, _, err = jobs.Update(ctx, created, v1)
	wantConflict(t, err)
	_, _, err = jobs.Update(ctx, entry(t, "absent"), v1)
	wantConflict(t, err)
	if read, version, err := jobs.Get(ctx, "job"); err != nil || version != v2 || read.Mark != updated.Mark {
		t.Errorf("a refused write changed it: %+v, version %q, %v", read, version, err)
	}
	if ids, err := table.NewScan(fake.Client(), "jobs").IDs(ctx); err != nil || len(ids) != 1 || ids[0] != "job" {
		t.Errorf("the jobs are %v, %v", ids, err)
	}
}

// faults are the faults of a write; done means that it took effect all the same.
func faults() map[string]struct {
	fault dynamotest.Fault
	done  bool
} {
	type outcome = struct {
		fault dynamotest.Fault
		done  bool
	}
	return map[string]outcome{
		"500 before":        {dynamotest.Fault{Status: 500, Code: "InternalServerError"}, false},
		"500 after":         {dynamotest.Fault{After: true, Status: 500, Code: "InternalServerError"}, true},
		"cut before":        {dynamotest.Fault{Cut: true}, false},
		"cut after":         {dynamotest.Fault{After: true, Cut: true}, true},
		"throttled":         {dynamotest.Fault{Status: 400, Code: "ThrottlingException"}, false},
		"throughput":        {dynamotest.Fault{Status: 400, Code: "ProvisionedThroughputExceededException"}, false},
		"conflict":          {dynamotest.Fault{Status: 400, Code: "TransactionConflictException"}, false},
		"cancelled":         {dynamotest.Fault{Status: 400, Code: "TransactionCanceledException"}, false},
		"in progress":       {dynamotest.Fault{Status: 400, Code: "TransactionInProgressException"}, false},
		"in progress after": {dynamotest.Fault{After: true, Status: 400, Code: "TransactionInProgressException"}, true},
	}
}

// A write that the plan fails, or whose answer it drops, is recognized for what it is, whether
// the SDK, the table or nobody retried it.
func TestOwnWritesAreKnown(t *testing.T) {
	for name, c := range faults() {
		for _, times := range []int{1, 2, 3} {
			t.Run(fmt.Sprintf("%s, %d times", name, times), func(t *testing.T) {
				fake := dynamotest.New(t)
				jobs, ctx := open(fake), t.Context()
				spoil := func() {
					left := times
					var mu sync.Mutex
					fake.Fail(func(call dynamotest.Call) dynamotest.Fault {
						mu.Lock()
						defer mu.Unlock()
						if call.Op == "Query" || call.Partition == "days" || left == 0 {
							return dynamotest.Fault{}
						}
						left--
						return c.fault
					})
				}
				spoil()
				written, version, err := jobs.Create(ctx, entry(t, "job"))
				fake.Fail(nil)
				if err != nil { // the SDK's three tries are over
					wantUnavailable(t, err)
					if c.done || times < 3 {
						t.Fatalf("its own write is not known: %v", err)
					}
					if written, version, err = jobs.Create(ctx, entry(t, "job")); err != nil {
						t.Fatal(err)
					}
				}
				spoil()
				written.Attempt = 7
				updated, next, err := jobs.Update(ctx, written, version)
				fake.Fail(nil)
				read, current, readErr := jobs.Get(ctx, "job")
				switch {
				case readErr != nil:
					t.Fatal(readErr)
				case err == nil && (read.Attempt != 7 || read.Mark != updated.Mark || current != next):
					t.Errorf("it was said to be written: %+v, version %q", read, current)
				case err != nil && (c.done || times < 3 || read.Attempt == 7):
					t.Errorf("its own update is not known: %v, %+v", err, read)
				}
			})
		}
	}
}

// A write that failed after another writer's is recognized as the other's, although both wrote
// the same version.
func TestLostToAnother(t *testing.T) {
	for name, fault := range map[string]dynamotest.Fault{
		"cut":       {Cut: true},
		"500":       {Status: 500, Code: "InternalServerError"},
		"cancelled": {Status: 400, Code: "TransactionCanceledException"},
	} {
		t.Run(name, func(t *testing.T) {
			fake := dynamotest.New(t)
			mark := marks()
			mine, other := table.New(fake.Client(), "jobs", mark, none), table.New(fake.Client(), "jobs", mark, none)
			first := func(write func() error) {
				var once sync.Once
				fake.Fail(func(call dynamotest.Call) dynamotest.Fault {
					spoiled := dynamotest.Fault{}
					if call.Op != "Query" && call.Partition != "days" {
						once.Do(func() {
							spoiled = fault
							fake.Fail(nil)
							if err := write(); err != nil {
								t.Error(err)
							}
						})
					}
					return spoiled
				})
			}
			first(func() error { _, _, err := other.Create(context.Background(), entry(t, "job")); return err })
			_, _, err := mine.Create(t.Context(), entry(t, "job"))
			wantConflict(t, err)

			read, version, err := mine.Get(t.Context(), "job")
			if err != nil {
				t.Fatal(err)
			}
			first(func() error { _, _, err := other.Update(context.Background(), read, version); return err })
			_, _, err = mine.Update(t.Context(), read, version)
			wantConflict(t, err)
		})
	}
}

func TestReadsThatFail(t *testing.T) {
	for name, fault := range map[string]dynamotest.Fault{
		"500":    {Status: 500, Code: "InternalServerError"},
		"denied": {Status: 400, Code: "AccessDeniedException"},
		"gone":   {Status: 400, Code: "ResourceNotFoundException"},
		"cut":    {Cut: true},
	} {
		t.Run(name, func(t *testing.T) {
			fake := dynamotest.New(t)
			jobs := open(fake)
			fake.Fail(func(call dynamotest.Call) dynamotest.Fault { return fault })
			_, _, err := jobs.Get(t.Context(), "job")
			wantUnavailable(t, err)
			_, _, err = jobs.Create(t.Context(), entry(t, "job"))
			wantUnavailable(t, err)
		})
	}
}

func TestCancelled(t *testing.T) {
	jobs := open(dynamotest.New(t))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err := jobs.Create(ctx, entry(t, "job"))
	wantUnavailable(t, err)
	_, _, err = jobs.Get(ctx, "job")
	wantUnavailable(t, err)
}

// Of many concurrent writers one succeeds, whatever happens to the first answers.
func TestManyWritersOneWinner(t *testing.T) {
	const writers = 30
	for name, fault := range map[string]dynamotest.Fault{
		"on a good day":      {},
		"with answers lost":  {After: true, Status: 500, Code: "InternalServerError"},
		"with requests lost": {Cut: true},
		"with conflicts":     {Status: 400, Code: "TransactionCanceledException"},
	} {
		t.Run(name, func(t *testing.T) {
			fake := dynamotest.New(t)
			var n atomic.Int64
			fake.Fail(func(call dynamotest.Call) dynamotest.Fault {
				if call.Op == "Query" || n.Add(1)%3 != 0 {
					return dynamotest.Fault{}
				}
				return fault
			})
			mark := marks()
			race := func(write func(*table.Table) error) {
				t.Helper()
				var won, undecided atomic.Int64
				var group sync.WaitGroup
				for range writers {
					group.Go(func() {
						err := write(table.New(fake.Client(), "jobs", mark, none))
						var conflict *video.Conflict
						switch {
						case err == nil:
							won.Add(1)
						case !errors.As(err, &conflict):
							undecided.Add(1)
						}
					})
				}
				group.Wait()
				if won.Load() > 1 || won.Load() == 0 && undecided.Load() == 0 {
					t.Errorf("%d won, %d could not tell", won.Load(), undecided.Load())
				}
			}
			race(func(jobs *table.Table) error { _, _, err := jobs.Create(t.Context(), entry(t, "job")); return err })
			read, version, err := open(fake).Get(t.Context(), "job")
			if err != nil {
				t.Fatal(err)
			}
			race(func(jobs *table.Table) error { _, _, err := jobs.Update(t.Context(), read, version); return err })
		})
	}
}

func TestSweptTo(t *testing.T) {
	jobs := table.New(&dynamotest.Items{}, "jobs", marks(), none)
	place, version, err := jobs.SweptTo(t.Context())
	if place != "" || version != "" || err != nil {
		t.Fatalf("got %q at %q, %v", place, version, err)
	}
	if err := jobs.PutSweptTo(t.Context(), "here", ""); err != nil {
		t.Fatal(err)
	}
	var conflict *video.Conflict
	if err := jobs.PutSweptTo(t.Context(), "there", ""); !errors.As(err, &conflict) {
		t.Errorf("another sweep was first: %v", err)
	}
	if place, version, err = jobs.SweptTo(t.Context()); place != "here" || err != nil {
		t.Errorf("got %q, %v", place, err)
	}
	if err := jobs.PutSweptTo(t.Context(), "there", version); err != nil {
		t.Error(err)
	}
}

// Unfinished returns the jobs without an outcome that are in the index.
func TestUnfinished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		items := &dynamotest.Items{}
		jobs := table.New(items, "jobs", marks(), none)
		list := func() (ids []string) {
			all, err := jobs.Unfinished(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, one := range all {
				ids = append(ids, one.ID)
			}
			return ids
		}
		at := time.Date(2026, 8, 21, 10, 0, 0, 0, time.UTC)
		for id, change := range map[string]func(*video.Entry){
			"second":     func(e *video.Entry) { e.CreatedAt = at.Add(time.Minute) },
			"first":      func(e *video.Entry) {},
			"generating": func(e *video.Entry) { e.Phase, e.CreatedAt = video.PhaseAccepted, at.Add(time.Second) },
			"stored":     func(e *video.Entry) { e.Phase, e.Manifest = video.PhaseAccepted, &video.Manifest{} },
			"over":       func(e *video.Entry) { e.Outcome = video.NewOutcome(&video.Cancelled{}, at) },
		} {
			entry := video.Entry{ID: id, CreatedAt: at}
			change(&entry)
			if _, _, err := jobs.Create(t.Context(), entry); err != nil {
				t.Fatal(err)
			}
		}
		if got := list(); got != nil {
			t.Errorf("the index is not behind: %v", got)
		}
		time.Sleep(dynamotest.Lag)
		if got := list(); !slices.Equal(got, []string{"first", "generating", "second"}) {
			t.Errorf("got %v", got)
		}
	})
}
