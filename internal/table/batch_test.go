package table_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/table/counter"
	"github.com/takeup/takeup/internal/table/dynamotest"
	"github.com/takeup/takeup/internal/video"
)

// newBatch creates a batch that makes that many videos at once.
func newBatch(t *testing.T, c *table.Table, id string, atOnce int) {
	t.Helper()
	_, _, err := c.CreateBatch(t.Context(), record.Batch{
		ID: id, Name: "prompts of " + id, Owner: "alice", CreatedAt: evening, Format: "csv", State: record.Running, Run: 1, Attended: true,
		Options: record.Options{AtOnce: atOnce, SkipInvalid: true, MaxLines: 7, Defaults: map[string]any{"duration": 5.0}},
		Sources: []record.Source{{Bucket: "prompts", Key: "a.csv", Version: "1", Versioned: true}},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// createIn creates a job of a batch.
func createIn(t *testing.T, c *table.Table, batch, id string) {
	t.Helper()
	origin := video.Origin{Trigger: video.TriggerBatch, Token: "alice", Batch: batch, Line: 3, Copy: 2, Label: "boat"}
	if _, _, err := c.Create(t.Context(), video.Entry{ID: id, CreatedAt: evening, Execution: id, Origin: origin}); err != nil {
		t.Fatal(err)
	}
}

// change changes a batch's record.
func change(t *testing.T, c *table.Table, id string, by func(*record.Batch)) {
	t.Helper()
	b, version, err := c.Batch(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	by(&b)
	if _, _, err := c.PutBatch(t.Context(), b, version); err != nil {
		t.Fatal(err)
	}
}

func TestBatchesAreKept(t *testing.T) {
	c := open(dynamotest.New(t))
	newBatch(t, c, "one", 20)
	read, version, err := c.Batch(t.Context(), "one")
	if err != nil || version != "1" || read.Defaults["duration"] != json.Number("5") || !read.SkipInvalid || read.Source().Key != "a.csv" || read.Mark == "" {
		t.Errorf("%+v, %s, %v", read, version, err)
	}
	read.State, read.EndedAt, read.CancelledAt, read.Sources[0].At = record.Ended, evening, evening, evening
	written, version, err := c.PutBatch(t.Context(), read, version)
	if again, _, _ := c.Batch(t.Context(), "one"); err != nil || version != "2" || !reflect.DeepEqual(again, written) {
		t.Errorf("%+v, %s, %v; read %+v", written, version, err, again)
	}
	_, _, err = c.PutBatch(t.Context(), read, "1")
	wantConflict(t, err)
	_, _, err = c.CreateBatch(t.Context(), record.Batch{ID: "one", CreatedAt: evening})
	wantConflict(t, err)
	var absent *record.NoBatch
	if _, _, err := c.Batch(t.Context(), "two"); !errors.As(err, &absent) {
		t.Error(err)
	}
	if err := c.PutBatchPlan(t.Context(), "one", 2, []byte(`{"Lines":1}`)); err != nil {
		t.Fatal(err)
	}
	for run, want := range map[int]string{2: `{"Lines":1}`, 3: ""} {
		if plan, err := c.BatchPlan(t.Context(), "one", run); err != nil || string(plan) != want {
			t.Errorf("run %d: %s, %v", run, plan, err)
		}
	}
	newBatch(t, c, "two", 1)
	ids, next, err := c.Batches(t.Context(), "", 1)
	rest, last, restErr := c.Batches(t.Context(), next, 2)
	if err != nil || restErr != nil || len(ids) != 1 || len(rest) != 1 || ids[0] == rest[0] || last != "" {
		t.Errorf("%v, %q, %v; %v, %q, %v", ids, next, err, rest, last, restErr)
	}
}

// A lost answer doesn't hide that a record was written.
func TestBatchesLoseAnswers(t *testing.T) {
	fake := dynamotest.New(t)
	c := open(fake)
	newBatch(t, c, "one", 1)
	fake.Fail(func(call dynamotest.Call) dynamotest.Fault {
		return dynamotest.Fault{After: call.Op == "PutItem", Cut: call.Op == "PutItem"}
	})
	change(t, c, "one", func(b *record.Batch) { b.State = record.Cancelled })
	if b, _, err := c.Batch(t.Context(), "one"); err != nil || b.State != record.Cancelled {
		t.Errorf("%+v, %v", b, err)
	}
}

// No job of a cancelled batch is claimed, also if the batch is cancelled while the claim is
// written.
func TestNoClaimInACancelledBatch(t *testing.T) {
	fake := dynamotest.New(t)
	c := open(fake)
	newBatch(t, c, "one", 5)
	createIn(t, c, "one", "a")
	var cancelled *video.BatchCancelled
	n := fake.Count("TransactWriteItems")
	fake.Fail(func(call dynamotest.Call) dynamotest.Fault {
		if call.Op == "TransactWriteItems" && call.Count == n+1 {
			change(t, open(fake), "one", func(b *record.Batch) { b.State = record.Cancelled })
		}
		return dynamotest.Fault{}
	})
	if err := claimWithin(t, c, "a", 1, evening, budget.Limits{}); !errors.As(err, &cancelled) || cancelled.Batch != "one" {
		t.Errorf("cancelled meanwhile: %v", err)
	}
	entry, _, err := c.Get(t.Context(), "a")
	if err != nil || entry.Attempt != 0 {
		t.Errorf("%+v, %v", entry, err)
	}
	if _, err := c.Turn(t.Context(), claimed(entry, 1, evening), budget.Limits{}, evening); !errors.As(err, &cancelled) {
		t.Errorf("cancelled before: %v", err)
	}
}

// Of many concurrent claims, as many succeed as the batch makes at once, and other batches
// don't count.
func TestABatchsClaimsAtOnce(t *testing.T) {
	c := open(dynamotest.New(t))
	newBatch(t, c, "one", 3)
	newBatch(t, c, "two", 3)
	const jobs = 12
	for i := range jobs {
		createIn(t, c, []string{"one", "two"}[i%2], fmt.Sprint("job-", i))
	}
	var group sync.WaitGroup
	errs := make([]error, jobs)
	for i := range jobs {
		group.Go(func() {
			errs[i] = claimWithin(t, c, fmt.Sprint("job-", i), 2, evening, budget.Limits{InFlight: 100, DayMicros: 1000})
		})
	}
	group.Wait()
	through := 0
	for _, err := range errs {
		var full *budget.NoRoom
		if err == nil {
			through++
		} else if !errors.As(err, &full) || full.Limit != budget.LimitBatch || full.Held != 3 || full.Of != 3 || !full.Attempts() {
			t.Errorf("%v, %+v", err, full)
		}
	}
	for _, batch := range []string{"one", "two"} {
		counts, err := c.BatchCounts(t.Context(), batch)
		want := record.Counts{Jobs: map[string]int64{"queued": 6}, Full: map[string]int64{}, InFlight: 3, Reserved: 6, Writes: 9}
		if err != nil || !reflect.DeepEqual(counts, want) {
			t.Errorf("%+v, %v", counts, err)
		}
	}
	if through != 6 {
		t.Errorf("%d went through", through)
	}
}

// A job that waits for its batch keeps no other job waiting, and waits behind none.
func TestNobodyWaitsBehindABatch(t *testing.T) {
	c := open(dynamotest.New(t))
	newBatch(t, c, "one", 1)
	for _, id := range []string{"a", "b"} {
		createIn(t, c, "one", id)
	}
	limits := budget.Limits{InFlight: 2}
	if err := claimWithin(t, c, "a", 1, evening, limits); err != nil {
		t.Fatal(err)
	}
	entry, version, err := c.Get(t.Context(), "b")
	if err != nil {
		t.Fatal(err)
	}
	var full *budget.NoRoom
	if _, err := c.Turn(t.Context(), claimed(entry, 1, evening), limits, evening); !errors.As(err, &full) || full.Limit != budget.LimitBatch {
		t.Fatalf("%v", err)
	}
	entry.BeginWaiting(evening)
	entry.WaitsFor(full.Limit, evening)
	if _, _, err := c.Update(t.Context(), entry, version); err != nil {
		t.Fatal(err)
	}
	if counts, err := c.BatchCounts(t.Context(), "one"); err != nil || counts.Full["batch"] != 1 || counts.Jobs["queued"] != 2 {
		t.Errorf("%+v, %v", counts, err)
	}
	create(t, c, "young")
	young, _, err := c.Get(t.Context(), "young")
	if err != nil {
		t.Fatal(err)
	}
	young.Turn = evening.Add(1)
	if line, err := c.Turn(t.Context(), claimed(young, 1, evening), limits, evening); err != nil || len(line) != 0 {
		t.Errorf("%v, %v", line, err)
	}
}

// The counters of the batches are the sums of the items, whatever happens to the jobs.
func TestBatchCountersAreTheSums(t *testing.T) {
	c := open(dynamotest.New(t))
	batches := []string{"one", "two"}
	var ids []string
	for i := range 6 {
		if i < len(batches) {
			newBatch(t, c, batches[i], 2)
		}
		ids = append(ids, fmt.Sprint("job-", i))
		createIn(t, c, batches[i%2], ids[i])
	}
	random := rand.New(rand.NewPCG(1, 2))
	changes := []func(*video.Entry){
		func(e *video.Entry) { e.Phase = video.PhaseAccepted },
		func(e *video.Entry) { e.Book(budget.Spent, random.Int64N(9)); e.Manifest = &video.Manifest{ID: e.ID} },
		func(e *video.Entry) { e.End(&video.GenerationFailed{}, evening) },
		func(e *video.Entry) { e.End(&video.Cancelled{}, evening) },
		func(e *video.Entry) { e.Manifest, e.DiscardedAt = nil, evening; *e = e.Next() },
		func(e *video.Entry) {
			e.Phase = ""
			e.BeginWaiting(evening)
			e.WaitsFor([]string{"day", "batch", "in_flight"}[random.IntN(3)], evening)
		},
	}
	for range 300 {
		id := ids[random.IntN(len(ids))]
		if random.IntN(2) == 0 {
			err := claimWithin(t, c, id, random.Int64N(5), evening, budget.Limits{InFlight: 4})
			var full *budget.NoRoom
			if err != nil && !errors.As(err, &full) {
				t.Fatal(err)
			}
		} else {
			entry, version, err := c.Get(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			changes[random.IntN(len(changes))](&entry)
			if _, _, err := c.Update(t.Context(), entry, version); err != nil {
				t.Fatal(err)
			}
		}
		entries := map[string]video.Entry{}
		for _, id := range ids {
			entry, _, err := c.Get(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			entries[id] = entry
		}
		read, err := c.BatchTallies(t.Context(), batches)
		if err != nil {
			t.Fatal(err)
		}
		for i := range read {
			read[i].Writes = 0
		}
		if want := counter.RecountBatches(entries); !reflect.DeepEqual(read, want) {
			t.Fatalf("the counters are\n%v\nand the items\n%v", read, want)
		}
	}
}

func TestJobsOfABatchAreListed(t *testing.T) {
	synctest.Test(t, jobsOfABatchAreListed)
}

func jobsOfABatchAreListed(t *testing.T) {
	fake := &dynamotest.Items{}
	c := table.New(fake, "jobs", marks(), none)
	newBatch(t, c, "one", 9)
	create(t, c, "other")
	for i := range 5 {
		createIn(t, c, "one", fmt.Sprint("job-", i))
	}
	entry, version, err := c.Get(t.Context(), "job-3")
	if err != nil {
		t.Fatal(err)
	}
	entry.End(&video.Cancelled{}, evening)
	if _, _, err := c.Update(t.Context(), entry, version); err != nil {
		t.Fatal(err)
	}
	time.Sleep(dynamotest.Lag)
	for _, test := range []struct {
		states []video.State
		want   string
	}{{nil, "job-4 job-3 job-2 job-1 job-0"}, {[]video.State{video.StateCancelled}, "job-3"}, {[]video.State{video.StateQueued, video.StateGenerating}, "job-4 job-2 job-1 job-0"}} {
		got, before := "", table.PlaceAfter(evening)
		for before != "" {
			var page []table.Listed
			page, before, err = c.List(t.Context(), table.Query{Batch: "one", States: test.states, Before: before, Limit: 2})
			if err != nil {
				t.Fatal(err)
			}
			for _, job := range page {
				got += " " + job.Entry.ID
				if o := job.Entry.Origin; o.Batch != "one" || o.Line != 3 || o.Copy != 2 || o.Label != "boat" || o.Token != "alice" {
					t.Errorf("it is of %+v", o)
				}
			}
		}
		if got != " "+test.want {
			t.Errorf("%v: got%s", test.states, got)
		}
	}
	entries, err := table.NewBulk(fake, "jobs", none).Entries(t.Context(), []string{"job-3", "absent", "other"})
	if err != nil || len(entries) != 2 || entries["job-3"].Outcome == nil || entries["job-3"].Origin.Batch != "one" {
		t.Errorf("%v, %v", entries, err)
	}
}

// A job that is written again and again without a read between is counted once.
func TestABatchsJobIsCountedOnce(t *testing.T) {
	c := open(dynamotest.New(t))
	newBatch(t, c, "one", 1)
	createIn(t, c, "one", "a")
	entry, version, err := c.Get(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	entry.BeginWaiting(evening)
	entry.WaitsFor(budget.LimitDay, evening)
	if entry, version, err = c.Update(t.Context(), entry, version); err != nil {
		t.Fatal(err)
	}
	entry.FullSince = time.Time{}
	if entry, version, err = c.Claim(t.Context(), claimed(entry, 3, evening), version, budget.Limits{}); err != nil {
		t.Fatal(err)
	}
	entry.Phase = video.PhaseAccepted
	if _, _, err = c.Update(t.Context(), entry, version); err != nil {
		t.Fatal(err)
	}
	want := record.Counts{Jobs: map[string]int64{"queued": 0, "generating": 1}, Full: map[string]int64{"day": 0}, InFlight: 1, Reserved: 3, Writes: 4}
	if counts, err := c.BatchCounts(t.Context(), "one"); err != nil || !reflect.DeepEqual(counts, want) {
		t.Errorf("the counters are %+v, %v", counts, err)
	}
}
