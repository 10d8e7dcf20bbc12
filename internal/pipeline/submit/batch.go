package submit

import (
	"context"

	"github.com/takeup/takeup/internal/video"
)

// withBatch ends a job that can't be claimed because its batch is cancelled. A submission that
// was lost, and that would be sent again, may have been charged.
func (s *visit) withBatch(ctx context.Context, entry video.Entry, version string) result {
	outcome := error(&video.Cancelled{})
	if entry.Phase == video.PhaseClaimed || entry.Phase == video.PhaseUnanswered {
		outcome = &video.SubmissionLost{Reference: entry.Reference()}
	}
	entry.End(outcome, s.Now())
	if _, _, err := s.Jobs.Update(ctx, entry, version); err != nil {
		return unwritten(err)
	}
	return fail(outcome)
}
