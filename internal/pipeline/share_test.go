package pipeline_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/video"
)

// batch runs the lines of a batch as its state machine does: so many at a time, each of which
// creates its job and runs the job's execution. It calls stored after each.
func (c *crowd) batch(t *testing.T, id string, lines, atOnce, inWork int, stored func(n int)) {
	t.Helper()
	_, _, err := c.jobs.CreateBatch(t.Context(), record.Batch{
		ID: id, Name: id, CreatedAt: time.Now(), State: record.Running, Run: 1, Options: record.Options{AtOnce: atOnce},
	})
	if err != nil {
		t.Error(err)
		return
	}
	var mu sync.Mutex
	next, done := 0, 0
	var group sync.WaitGroup
	for range inWork {
		group.Go(func() {
			for {
				mu.Lock()
				n := next
				next++
				mu.Unlock()
				if n >= lines {
					return
				}
				entry := created()
				entry.ID = fmt.Sprintf("%s-%03d", id, n)
				entry.Execution, entry.Origin = entry.ID, video.Origin{Trigger: video.TriggerBatch, Batch: id, Line: n + 2, Copy: 1}
				if _, _, err := c.jobs.Create(t.Context(), entry); err != nil {
					t.Error(err)
					return
				}
				c.execution(t, entry.ID)
				mu.Lock()
				done++
				n = done
				mu.Unlock()
				stored(n)
			}
		})
	}
	group.Wait()
}

// Two batches share ten slots in turn, though the second is sent when a third of the first is
// done.
func TestTheSecondBatchGetsItsShare(t *testing.T) {
	t.Parallel()
	const slots = 10
	for _, with := range []struct{ lines, atOnce, inWork int }{
		{300, record.DefaultAtOnce, slots}, // the stack's limit is also that of the Map
		{90, record.DefaultAtOnce, 30},     // an operator's limit is not, nor is any on MiniStack
	} {
		lines := with.lines
		t.Run(fmt.Sprintf("%d lines, %d in work", lines, with.inWork), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := newCrowd(budget.Limits{InFlight: slots}, 2*time.Minute)
				c.takes = func(n int) time.Duration { return time.Minute + time.Duration(n*37%120)*time.Second }
				var second time.Time
				var group sync.WaitGroup
				began := time.Now()
				c.batch(t, "first", lines, with.atOnce, with.inWork, func(n int) {
					if n != lines/3 {
						return
					}
					second = time.Now()
					group.Go(func() { c.batch(t, "second", lines, with.atOnce, with.inWork, func(int) {}) })
				})
				group.Wait()
				last, starts := map[string]time.Time{}, map[string]int{}
				for _, p := range c.posted {
					batch, _, _ := strings.Cut(p.id, "-")
					last[batch] = p.at
				}
				for _, p := range c.posted {
					batch, _, _ := strings.Cut(p.id, "-")
					if p.at.After(second) && !p.at.After(last["first"]) && !p.at.After(last["second"]) {
						starts[batch]++
					}
				}
				all := starts["first"] + starts["second"]
				t.Logf("while both wait, the first starts %d videos and the second %d; both take %s", starts["first"], starts["second"], time.Since(began))
				if len(c.stored) != 2*lines || len(c.posted) != 2*lines {
					t.Errorf("%d are stored, and %d submitted", len(c.stored), len(c.posted))
				}
				if all < lines/2 || starts["first"]*10 < all*3 || starts["first"]*10 > all*7 {
					t.Errorf("they start %v", starts)
				}
			})
		})
	}
}
