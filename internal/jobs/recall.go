package jobs

import (
	"context"
	"time"

	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/report"
)

// recallTime limits how long recall takes, since a caller waits for the answer.
const recallTime = time.Second

// recall adds an interruption that was reverted to the job's history, at best effort. The job no
// longer has it, so the next execution can't add it. recall rewrites the progress of Submit,
// which doesn't run at that time.
func (s *Service) recall(ctx context.Context, before video.Entry) {
	if before.Outcome == nil || before.Next().Outcome != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, recallTime)
	defer cancel()
	progress := before.Told(report.StepSubmit)
	progress.Add(report.Event{At: before.Outcome.At, Kind: report.EventEnded, Said: before.Outcome.Name + ": " + before.Outcome.Message})
	_ = s.table.PutProgress(ctx, before.ID, progress)
}
