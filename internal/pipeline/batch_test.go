package pipeline_test

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/table/counter"
	"github.com/takeup/takeup/internal/video"
)

// batched creates a batch, and a job of it for each id.
func batched(ctx context.Context, known *table.Table, batch string, atOnce int, ids ...string) {
	_, _, err := known.CreateBatch(ctx, record.Batch{
		ID: batch, Name: batch, CreatedAt: time.Now(), State: record.Running, Run: 1, Options: record.Options{AtOnce: atOnce},
	})
	if err != nil {
		panic(err)
	}
	for n, id := range ids {
		entry := created()
		entry.ID, entry.Execution = id, id
		entry.Origin = video.Origin{Trigger: video.TriggerBatch, Batch: batch, Line: n + 2, Copy: 1}
		if _, _, err := known.Create(ctx, entry); err != nil {
			panic(err)
		}
	}
}

// cancelBatch marks a batch as cancelled.
func cancelBatch(ctx context.Context, known *table.Table, id string) {
	b, version, err := known.Batch(ctx, id)
	if err != nil {
		panic(err)
	}
	b.State = record.Cancelled
	if _, _, err := known.PutBatch(ctx, b, version); err != nil {
		panic(err)
	}
}

// batchCounted compares the counters of a batch with its jobs.
func batchCounted(t *testing.T, name string, known *table.Table, batch string, ids ...string) {
	t.Helper()
	entries := map[string]video.Entry{}
	for _, id := range ids {
		entry, _, err := known.Get(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		entries[id] = entry
	}
	read, err := known.BatchTallies(t.Context(), []string{batch})
	if err != nil {
		t.Fatal(err)
	}
	for i := range read {
		read[i].Writes = 0
	}
	if want := counter.RecountBatches(entries); !reflect.DeepEqual(read, want) {
		t.Errorf("%s: the counters are %v, and the jobs come to %v", name, read, want)
	}
}

// cancelledBatch is a play in which the job's batch is cancelled during one of the job's calls.
type cancelledBatch struct {
	begun start
	plan  map[int]fault // its hold is where the batch is cancelled
}

func (c cancelledBatch) run(t *testing.T) (calls []string) {
	t.Helper()
	onePlay(t, func(t *testing.T) {
		name := fmt.Sprintf("batch cancelled, %v, %v", c.begun, c.plan)
		s := newStage(start{adapter: c.begun.adapter})
		s.patience = 0
		outside := s.tableOf(&s.items)
		batched(t.Context(), outside, "batch-1", 1, "job-1")
		main, claimed, cancelled := &moments{plan: c.plan}, false, false
		main.held = func() {
			s.now = &moments{}
			claimed, cancelled = s.attempt() > 0, true
			cancelBatch(t.Context(), outside, "batch-1")
			s.now = main
		}
		s.now = main
		outcome := s.machine(t.Context(), "job-1", json.RawMessage(`{"prompt":"`+prompt+`"}`))
		calls = main.trace
		s.now = &moments{}
		entry, _, err := outside.Get(t.Context(), "job-1")
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case len(s.accepted) > 1:
			t.Errorf("%s: paid twice: %v", name, s.accepted)
		case cancelled && !claimed && (len(s.accepted) > 0 || entry.State() != video.StateCancelled):
			t.Errorf("%s: it was not claimed, and ended with %s as %s; paid: %v", name, outcome, entry.State(), s.accepted)
		case entry.State() == video.StateCancelled && len(s.accepted) > 0:
			t.Errorf("%s: it is cancelled, and was paid", name)
		case !entry.State().Ended():
			t.Errorf("%s: it is %s", name, entry.State())
		}
		s.accounts(t, name, outcome)
		batchCounted(t, name, outside, "batch-1", "job-1")
	})
	return calls
}

// The job's batch is cancelled before and after each of the job's calls, crossed with each fault
// of the others. A job that was not claimed by then is never paid, and the counters of its batch
// are right in the end.
func TestABatchIsCancelledAtEveryPoint(t *testing.T) {
	t.Parallel()
	begun, plays := starts()[0], 0
	calls := cancelledBatch{begun: begun}.run(t)
	for i := range calls {
		cancelledBatch{begun: begun, plan: map[int]fault{i: holdAfter}}.run(t)
		after := cancelledBatch{begun: begun, plan: map[int]fault{i: hold}}.run(t)
		for j := range after {
			if j == i {
				continue
			}
			for _, f := range faultsOf(after[j]) {
				plays++
				cancelledBatch{begun: begun, plan: map[int]fault{i: hold, j: f}}.run(t)
			}
		}
	}
	t.Logf("%d plays of %d calls", plays, len(calls))
}

// Two batches make as many videos at once as each may, and share the slots of the stack.
func TestBatchesShareTheSlots(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(budget.Limits{InFlight: 10}, 5*time.Minute)
		const many = 40
		ids := map[string][]string{}
		for n := range many {
			batch := []string{"few", "more"}[n%2]
			ids[batch] = append(ids[batch], fmt.Sprintf("job-%04d", n))
		}
		batched(t.Context(), c.jobs, "few", 3, ids["few"]...)
		batched(t.Context(), c.jobs, "more", 20, ids["more"]...)
		c.run(t, many, time.Second)
		if len(c.stored) != many || len(c.posted) != many {
			t.Errorf("%d of %d are stored: %v", len(c.stored), many, c.outcomes)
		}
		few, all := 0, 0
		for _, p := range c.posted {
			atOnce := map[bool]int{}
			for _, other := range c.posted {
				if !other.at.After(p.at) && other.done.After(p.at) {
					atOnce[mustNumber(t, other.id)%2 == 0]++
				}
			}
			few, all = max(few, atOnce[true]), max(all, atOnce[true]+atOnce[false])
		}
		if few != 3 || all != 10 {
			t.Errorf("the small batch made %d at once, and both %d", few, all)
		}
		for batch, of := range ids {
			batchCounted(t, batch, c.jobs, batch, of...)
		}
	})
}

// A batch's job waits for a day's cap for as long as it takes, and ends only if it costs more
// than the cap.
func TestABatchsJobDoesNotExpire(t *testing.T) {
	w := newWorld(answer{id: "gen-1"})
	entry := created()
	entry.Origin = video.Origin{Trigger: video.TriggerBatch, Batch: "batch-1"}
	if _, _, err := w.jobs.Create(t.Context(), entry); err != nil {
		t.Fatal(err)
	}
	full := &budget.NoRoom{Limit: budget.LimitMonth, Held: 3, Of: 3, Price: 1}
	w.jobs.full = func() *budget.NoRoom {
		full.Until = w.clock.Now().Add(30 * time.Hour)
		return full
	}
	job, err := w.Run(t.Context(), bare())
	for range 10 {
		if err != nil || job.Status != video.Waiting || time.Duration(job.WaitSeconds)*time.Second < 30*time.Hour {
			t.Fatalf("%+v, %v", job, err)
		}
		w.clock.pass(time.Duration(job.WaitSeconds) * time.Second)
		job, err = w.Run(t.Context(), again(t, job))
	}
	if told := w.jobs.entry(t, "job-1"); told.Outcome != nil || told.FullOf != budget.LimitMonth {
		t.Errorf("%+v", told)
	}
	full.Price = 4
	if _, err = w.Run(t.Context(), again(t, job)); video.OutcomeName(err) != "CapReached" {
		t.Errorf("dearer than the cap: %v", err)
	}
}
