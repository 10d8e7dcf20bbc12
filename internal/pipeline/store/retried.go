package store

import (
	"context"
	"errors"
	"time"

	"github.com/takeup/takeup/internal/pipeline"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/report"
)

// These repeat how statemachine/text_to_video.asl.json has Step Functions retry a Store after a
// *video.VideoUnavailable: the first delay, which doubles up to the longest, and the number of
// retries.
const (
	copyAgain        = 30 * time.Second
	copyAgainLongest = 30 * time.Minute
	copyTries        = 14
)

// Tell records that a copy failed and will be retried. It records no outcome: that is in the
// job's entry.
func (s *Step) tell(ctx context.Context, job video.Job, entry video.Entry, why error) {
	var unavailable *video.VideoUnavailable
	var service *video.ServiceUnavailable
	now, next, until := s.Now(), time.Time{}, time.Time{}
	progress := entry.Told(report.StepStore)
	failed, all := 0, 1
	for _, e := range progress.Events {
		all = max(all, e.Number+1)
		if e.At.After(job.CompletedAt) { // not by an earlier execution
			failed++
		}
	}
	switch {
	case errors.As(why, &unavailable):
		why = unavailable.Err
		wait := func(n int) time.Duration { return min(copyAgain<<min(n, 10), copyAgainLongest) }
		if failed < copyTries {
			next, until = now.Add(wait(failed)), now
		}
		for n := failed; n < copyTries; n++ {
			until = until.Add(wait(n))
		}
	case errors.As(why, &service):
		why = service.Err
	default:
		return
	}
	said := report.Shorten(why.Error())
	progress.Wait = report.Wait{Kind: report.WaitVideo, At: now, NextAt: next, Until: until, LastError: said}
	progress.Add(report.Event{At: now, Kind: report.EventCopyFailed, Number: all, Said: said})
	pipeline.Tell(ctx, s.Jobs, now, job.ID, progress)
}
