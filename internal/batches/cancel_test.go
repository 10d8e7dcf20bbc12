package batches_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/batches"
	"github.com/takeup/takeup/internal/jobs/view"
	"github.com/takeup/takeup/internal/video"
)

// hooked calls a function before each job is cancelled.
type hooked struct {
	batches.Jobs
	before func(id string) error
}

func (h hooked) Cancel(ctx context.Context, id string, discard bool) (view.View, error) {
	if err := h.before(id); err != nil {
		return view.View{}, err
	}
	return h.Jobs.Cancel(ctx, id, discard)
}

// waiting is a world with a batch whose jobs all wait. It returns its id and theirs.
func waiting(t *testing.T, rows string) (w *world, id string, ids []string) {
	t.Helper()
	w = newWorld(t)
	w.price = 1
	id = w.put("a.csv", rows).Batch
	in := batches.Input{Batch: id, Run: 1}
	var planned batches.Planned
	w.step(batches.Task{Step: batches.StepPlan, Input: in}, &planned)
	for line := range strings.Lines(w.object(planned.Key)) {
		var next batches.Next
		w.step(batches.Task{Step: batches.StepLine, Input: in, Item: item(t, line)}, &next)
		ids = append(ids, item(t, line).ID)
	}
	return w, id, ids
}

// A call that takes too long leaves jobs to the next one, and says how many.
func TestCancelTakesSteps(t *testing.T) {
	w, id, ids := waiting(t, "prompt,n\n"+strings.Repeat("a boat,10\n", 4))
	var calls atomic.Int64
	w.service = w.serviceOf(hooked{listed{w.jobs, ids}, func(string) error {
		if calls.Add(1) == 10 {
			w.ahead.Store(int64(time.Minute))
		}
		return nil
	}})
	report, err := w.service.Cancel(t.Context(), id)
	if err != nil || report.Left == 0 || report.Cancelled < 10 || report.Cancelled+report.Left != 40 || report.State != record.Cancelled {
		t.Fatalf("%+v, %v", report, err)
	}
	if report, err = w.service.Cancel(t.Context(), id); err != nil || report.Left != 0 || report.Cancelled != 40 || report.Counts.Cancelled != 40 {
		t.Errorf("%+v, %v", report, err)
	}
}

// A job that is being submitted goes on. It is said of it that it may be paid.
func TestCancelLeavesWhatIsSubmitted(t *testing.T) {
	w, id, ids := waiting(t, "prompt,n\na boat,3\n")
	claim := func(id string) {
		entry, version, err := w.table.Get(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		entry.Started, entry.Phase, entry.Attempt, entry.ClaimedAt = true, video.PhaseUnanswered, 1, w.now
		if _, _, err := w.table.Update(t.Context(), entry, version); err != nil {
			t.Fatal(err)
		}
	}
	claim(ids[1])
	w.service = w.serviceOf(listed{w.jobs, ids})
	report, err := w.service.Cancel(t.Context(), id)
	if err != nil || report.Submitted != 1 || report.Cancelled != 2 || report.Left != 0 || report.Counts.Waiting != 1 {
		t.Errorf("%+v, %v", report, err)
	}
}

// A failure of AWS ends the call. The batch stays cancelled, and the call can be repeated.
func TestCancelIsRepeated(t *testing.T) {
	w, id, ids := waiting(t, "prompt,n\na boat,3\n")
	trouble := &video.ServiceUnavailable{Doing: "reading the job", Err: errors.New("no network")}
	w.service = w.serviceOf(hooked{listed{w.jobs, ids}, func(id string) error {
		if id == ids[2] {
			return trouble
		}
		return nil
	}})
	if _, err := w.service.Cancel(t.Context(), id); !errors.Is(err, trouble) {
		t.Errorf("%v", err)
	}
	if state := w.get(id).State; state != record.Cancelled {
		t.Errorf("it is %s", state)
	}
	w.service = w.serviceOf(listed{w.jobs, ids})
	if report, err := w.service.Cancel(t.Context(), id); err != nil || report.Cancelled != 3 {
		t.Errorf("%+v, %v", report, err)
	}
}
