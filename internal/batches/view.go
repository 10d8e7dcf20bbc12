package batches

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"

	"github.com/takeup/takeup/internal/batch"
	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/jobs/listing"
	"github.com/takeup/takeup/internal/price"
	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/video"
)

// View is a batch as callers see it. A batch whose form has expired without a file is
// record.Unusable in it.
type View struct {
	record.Batch
	// Plan is the plan of the run, or nil if there is none yet. In a list it names no wrong
	// lines.
	Plan   *batch.Plan
	Counts Counts
	Money  Money
	Paused *Paused // nil unless jobs of it wait for a limit on money
	// EstimatedEnd is when its run ends, if all goes as usual; zero if it isn't running, or if
	// only its results are still to be written.
	EstimatedEnd time.Time
}

// Counts are the videos of a batch by the states of their jobs. Jobs that an earlier version of
// the file had count too.
type Counts struct {
	Videos    int64 // of the plan
	New       int64 // without a job yet
	Waiting   int64
	Running   int64 // submitted
	Stored    int64
	Failed    int64
	Cancelled int64 // or discarded
}

// Money is what the attempts of a batch's jobs come to.
type Money struct{ Reserved, Spent, Uncertain price.Micros }

// Paused says which limit on money the jobs of a batch wait for.
type Paused struct {
	Limit string    // a name of package budget
	Until time.Time // when it resets
}

// view returns a batch with its counts, and its plan with or without the wrong lines.
func (s *Service) view(ctx context.Context, b record.Batch, wrong bool) (View, error) {
	if b.Expired(s.now()) {
		b.State, b.Reason = record.Unusable, neverCame(b)
	}
	v := View{Batch: b}
	counts, err := s.table.BatchCounts(ctx, b.ID)
	if err != nil {
		return View{}, err
	}
	encoded, err := s.table.BatchPlan(ctx, b.ID, b.Run)
	if err != nil {
		return View{}, err
	}
	if encoded != nil && !b.PlannedAt.IsZero() {
		v.Plan = &batch.Plan{}
		if err := json.Unmarshal(encoded, v.Plan); err != nil {
			return View{}, &video.ServiceUnavailable{Doing: "reading the plan of batch " + b.ID, Err: err}
		}
		if !wrong {
			v.Plan.Named = nil
		}
	}
	v.count(counts)
	v.pause(counts, s.now())
	v.estimate(s.now())
	return v, nil
}

// neverCame is the reason of a batch whose form has expired.
func neverCame(b record.Batch) string {
	return "no file has come by its form, which expired at " + b.UploadUntil.UTC().Format(time.RFC3339) + "; create the batch again"
}

func (v *View) count(counts record.Counts) {
	of := func(state video.State) int64 { return counts.Jobs[string(state)] }
	v.Counts = Counts{
		Waiting: of(video.StateQueued), Running: of(video.StateGenerating), Stored: of(video.StateCompleted), Failed: of(video.StateFailed),
		Cancelled: of(video.StateCancelled) + of(video.StateDiscarded),
	}
	v.Money = Money{Reserved: price.Micros(counts.Reserved), Spent: price.Micros(counts.Spent), Uncertain: price.Micros(counts.Uncertain)}
	if v.Plan != nil {
		for _, n := range v.Plan.Videos {
			v.Counts.Videos += int64(n)
		}
		c := v.Counts
		v.Counts.New = max(0, c.Videos-c.Waiting-c.Running-c.Stored-c.Failed-c.Cancelled)
	}
}

// pause tells which limit on money its jobs wait for: the one that resets last.
func (v *View) pause(counts record.Counts, now time.Time) {
	now = now.UTC()
	midnight := time.Date(now.Year(), now.Month(), now.Day()+1, 0, 0, 0, 0, time.UTC)
	month := time.Date(now.Year(), now.Month()+1, 1, 0, 0, 0, 0, time.UTC)
	for _, limit := range []Paused{{budget.LimitMonth, month}, {budget.LimitDay, midnight}, {budget.LimitOwner, midnight}} {
		if counts.Full[limit.Limit] > 0 && v.Paused == nil {
			v.Paused = &limit
		}
	}
}

// estimate estimates the end from how long the rest of the plan takes.
func (v *View) estimate(now time.Time) {
	if v.State != record.Running || v.Plan == nil || v.Counts.Videos == 0 {
		return
	}
	left := v.Counts.New + v.Counts.Waiting + v.Counts.Running
	if left == 0 {
		return
	}
	if planned := int64(v.Plan.Videos[batch.New] + v.Plan.Videos[batch.Resume]); planned > 0 {
		rest := *v.Plan
		rest.Usual = time.Duration(float64(rest.Usual) * min(1, float64(left)/float64(planned)))
		v.EstimatedEnd = now.Add(rest.Takes(v.AtOnce))
	}
	if v.Paused != nil && v.EstimatedEnd.Before(v.Paused.Until) {
		v.EstimatedEnd = v.Paused.Until
	}
}

// cursorOf returns the cursor of a place in the list of batches.
func cursorOf(place string) string { return base64.RawURLEncoding.EncodeToString([]byte(place)) }

// placeOf reverses cursorOf.
func placeOf(cursor string) (string, error) {
	place, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || cursor != "" && !table.IsPlace(string(place)) {
		return "", &listing.BadCursor{Reason: fmt.Sprintf("%.20q is not one that this list gave", cursor)}
	}
	return string(place), nil
}
