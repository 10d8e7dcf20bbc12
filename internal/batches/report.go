package batches

import (
	"context"
	"errors"
	"log/slog"

	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/batches/runfiles"
	"github.com/takeup/takeup/internal/video"
)

// Report is what the step report returns: the videos of the run, and how many of them are
// stored.
type Report struct {
	Videos int `json:"videos"`
	Stored int `json:"stored"`
}

// LogValue implements slog.LogValuer.
func (r Report) LogValue() slog.Value {
	return slog.GroupValue(slog.Int("videos", r.Videos), slog.Int("stored", r.Stored))
}

// report writes the results of a run, and marks the batch as ended. A cancelled batch stays
// cancelled, and has results too.
func (e *Engine) report(ctx context.Context, in Input) (Report, error) {
	b, _, err := e.current(ctx, in)
	if errors.Is(err, errSuperseded) && b.Run == in.Run {
		err = nil
	}
	if errors.Is(err, errSuperseded) {
		return Report{}, nil
	}
	if err != nil {
		return Report{}, err
	}
	counts, err := e.Table.BatchCounts(ctx, b.ID)
	if err != nil {
		return Report{}, err
	}
	videos, stored, err := runfiles.WriteResults(ctx, e.Items, e.Files, b)
	if err != nil {
		return Report{}, err
	}
	err = e.change(ctx, in, func(b *record.Batch) { b.State, b.EndedAt, b.Reported = record.Ended, e.Now(), counts.Writes })
	if errors.Is(err, errSuperseded) {
		err = nil
	}
	return Report{Videos: videos, Stored: stored}, err
}

// Refresh makes the stored results of a batch that has ended again if its jobs have changed since
// they were made, as a redrive changes them. It does nothing for any other batch. The error is a
// *record.NoBatch or a *video.ServiceUnavailable, after which it can be called again.
func (s *Service) Refresh(ctx context.Context, id string) error {
	for range turns {
		b, version, err := s.table.Batch(ctx, id)
		if err != nil || b.State != record.Ended {
			return err
		}
		counts, err := s.table.BatchCounts(ctx, id)
		if err != nil || counts.Writes == b.Reported {
			return err
		}
		if _, _, err := runfiles.WriteResults(ctx, s.items, s.files, b); err != nil {
			return err
		}
		// If another one has made them meanwhile, theirs may have been replaced by older ones.
		b.Reported = counts.Writes
		if _, _, err = s.table.PutBatch(ctx, b, version); video.UnlessConflict(err) != nil || err == nil {
			return err
		}
	}
	return changing("making the results")
}
