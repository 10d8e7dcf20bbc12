package pipeline

import (
	"context"
	"errors"

	"github.com/takeup/takeup/internal/video"
)

// amend changes the entry of an attempt that is this invocation's own, and reports
// whether it did. Where another changed the entry meanwhile and left the attempt
// as it was, as one who gives the video up does, it changes that version.
func (s *visit) amend(ctx context.Context, entry video.Entry, version string, change func(*video.Entry)) (bool, error) {
	attempt := entry.Attempt
	for range 3 {
		change(&entry)
		_, _, err := s.Jobs.Update(ctx, entry, version)
		if err == nil || unlessConflict(err) != nil {
			return err == nil, err
		}
		if entry, version, err = s.Jobs.Get(ctx, entry.ID); err != nil {
			return false, err
		}
		if entry.Attempt != attempt || entry.Phase != video.PhaseClaimed {
			return false, nil
		}
	}
	return false, nil
}

// unanswered records of an attempt whose owner is over without a word that it isn't
// known whether it is charged, and takes away how the job ended before a redrive. Where
// there is neither to record, the entry stays as it is.
func (s *visit) unanswered(ctx context.Context, entry video.Entry, version string) (video.Entry, string, error) {
	if entry.Phase != video.PhaseClaimed && entry.Ending == nil {
		return entry, version, nil
	}
	entry.Phase, entry.Ending = video.PhaseUnanswered, nil
	entry.Book(video.MoneyUncertain, 0)
	return s.Jobs.Update(ctx, entry, version)
}

// unlessConflict gives nil for a conflict: the entry is read again then.
func unlessConflict(err error) error {
	var conflict *video.Conflict
	if errors.As(err, &conflict) {
		return nil
	}
	return err
}
