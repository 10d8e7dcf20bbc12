package repair

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/reconcile"
	"github.com/takeup/takeup/internal/reconcile/gather"
	"github.com/takeup/takeup/internal/video"
)

// book updates the money of an entry after what was added to it. An attempt is spent if
// its video is stored, and otherwise uncertain until a step decides. It holds no slot,
// because the restored table may have lost how it ended.
func book(entry *video.Entry, was video.Entry, facts gather.Facts) {
	if entry.Attempt == 0 || entry.Attempt == was.Attempt && entry.Phase == was.Phase &&
		entry.GenerationID == was.GenerationID && (entry.Manifest == nil) == (was.Manifest == nil) {
		return
	}
	if was.Attempt > 0 && was.Attempt != entry.Attempt {
		entry.BookAttempt(was.Attempt, budget.Uncertain, 0)
	}
	charged := charge(*entry, facts)
	// What was added disproves that the attempt was not charged.
	entry.Money = slices.DeleteFunc(slices.Clone(entry.Money), func(m budget.Money) bool {
		return m.Attempt == entry.Attempt && (m.State == budget.Released || m.State == budget.Failed)
	})
	if !slices.ContainsFunc(entry.Money, func(m budget.Money) bool { return m.Attempt == entry.Attempt }) {
		at, micros := entry.ClaimedAt, charged
		if at.IsZero() {
			at = entry.CreatedAt
		}
		if micros == 0 {
			e := facts.Prices.Estimate(entry.Request, 0)
			micros = int64(max(e.Least, e.Most))
		}
		entry.Reserve(micros, at)
	}
	if entry.Manifest != nil {
		entry.Book(budget.Spent, charged)
	} else {
		entry.Book(budget.Uncertain, 0)
	}
}

// charge returns what the provider charged for the entry's generation, in micro-dollars;
// 0 if unknown.
func charge(entry video.Entry, facts gather.Facts) int64 {
	if entry.Manifest != nil && entry.Manifest.ChargedMicros > 0 {
		return entry.Manifest.ChargedMicros
	}
	micros := int64(0)
	for _, c := range facts.Charges {
		if entry.GenerationID != "" && c.ID == entry.GenerationID {
			micros += c.Micros
		}
	}
	return micros
}

// Move writes the resolution of uncertain money, and returns the moves it wrote. It
// skips attempts that are no longer uncertain and those whose job has resumed. The error
// is a *video.ServiceUnavailable; calling Move again resumes.
func (r Repair) Move(ctx context.Context, moves []reconcile.Move) ([]reconcile.Move, error) {
	moved := []reconcile.Move{}
	for _, m := range moves {
		done, err := r.move(ctx, m)
		if err != nil {
			return moved, fmt.Errorf("job %s: %w", m.Job, err)
		}
		if done {
			moved = append(moved, m)
		}
	}
	return moved, nil
}

func (r Repair) move(ctx context.Context, m reconcile.Move) (bool, error) {
	for range turns {
		entry, version, err := r.Table.Get(ctx, m.Job)
		var none *video.NoEntry
		if errors.As(err, &none) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		uncertain := func(was budget.Money) bool { return was.Attempt == m.Attempt && was.State == budget.Uncertain }
		if !entry.State().Ended() || !slices.ContainsFunc(entry.Money, uncertain) {
			return false, nil
		}
		entry.BookAttempt(m.Attempt, m.State, m.Charged)
		_, _, err = r.Table.Update(ctx, entry, version)
		var conflict *video.Conflict
		if !errors.As(err, &conflict) {
			return err == nil, err
		}
	}
	return false, &video.ServiceUnavailable{Doing: "writing what was charged", Err: errors.New("others kept changing it")}
}

// Correct sets counters to the sums of the jobs' money, and returns the drifts with
// Mended set for each counter it corrected. A counter written since the jobs were read
// stays as it is. The error is a *video.ServiceUnavailable; calling Correct again resumes.
func (r Repair) Correct(ctx context.Context, drifts []reconcile.Drift) ([]reconcile.Drift, error) {
	drifts = slices.Clone(drifts)
	for i, d := range drifts {
		err := r.Table.Correct(ctx, d.Read(), d.Jobs)
		var conflict *video.Conflict
		if err != nil && !errors.As(err, &conflict) {
			return drifts, fmt.Errorf("the counters %s: %w", d.Counter, err)
		}
		drifts[i].Mended = err == nil
	}
	return drifts, nil
}
