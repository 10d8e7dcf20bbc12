package pipeline

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/report"
)

// progressTimeout bounds the recording of a step's progress, during which the job waits. The
// step must have as much time left after it.
const progressTimeout = time.Second

// tell records a step's progress, at best effort: it drops progress that takes too long to
// record. It is the last thing that an invocation does, once everything else is decided.
func tell(ctx context.Context, jobs Jobs, now time.Time, id string, progress report.Progress) {
	if deadline, ok := ctx.Deadline(); ok && deadline.Sub(now) < 2*progressTimeout {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, progressTimeout)
	defer cancel()
	_ = jobs.PutProgress(ctx, id, progress)
}

// visit is one invocation of Submit, with the progress that it will record.
type visit struct {
	*Submit
	before report.Progress // what Submit recorded earlier
	events []report.Event
	wait   report.Wait
}

func (s *visit) note(e report.Event) {
	if e.At.IsZero() {
		e.At = s.Now()
	}
	s.events = append(s.events, e)
}

// waits notes what the job waits for.
func (s *visit) waits(kind report.WaitKind, attempt int, wait time.Duration, until time.Time, why string) {
	now := s.Now()
	s.wait = report.Wait{
		Kind: kind, At: now, Attempt: attempt, NextAt: now.Add(time.Duration(seconds(wait)) * time.Second), Until: until, LastError: report.Shorten(why),
	}
}

// meet reads the progress that was recorded before. The first Submit of another execution notes
// that it continues the job. It also notes what would otherwise be overwritten: the job's
// earlier outcome, and the progress of Check.
func (s *visit) meet(o order, entry video.Entry) {
	s.before = entry.Told(report.StepSubmit)
	n := entry.Redrives
	known := s.before.Has(report.EventContinued, n) || slices.ContainsFunc(s.events, func(e report.Event) bool { return e.Kind == report.EventContinued })
	if n == 0 || entry.Execution != o.execution || known || entry.Outcome != nil && entry.Outcome.Final() {
		return
	}
	for _, e := range entry.Told(report.StepCheck).Events {
		s.note(e)
	}
	if e := entry.Outcome; e != nil {
		s.note(report.Event{At: e.At, Kind: report.EventEnded, Said: e.Name + ": " + e.Message})
	}
	s.note(report.Event{Kind: report.EventContinued, Number: n, Said: entry.Execution})
}

// tell records the progress of this visit, if there is any.
func (s *visit) tell(ctx context.Context, id string) {
	if len(s.events) == 0 && s.wait.Kind == "" {
		return
	}
	progress := s.before
	progress.Step, progress.Wait = report.StepSubmit, s.wait
	for _, e := range s.events {
		progress.Add(e)
	}
	tell(ctx, s.Jobs, s.Now(), id, progress)
}

// These repeat how statemachine/text_to_video.asl.json has Step Functions retry a Store after a
// *video.VideoUnavailable: the first delay, which doubles up to the longest, and the number of
// retries.
const (
	copyAgain        = 30 * time.Second
	copyAgainLongest = 30 * time.Minute
	copyTries        = 14
)

// tell records that a copy failed and will be retried. It records no outcome: that is in the
// job's entry.
func (s *Store) tell(ctx context.Context, job video.Job, entry video.Entry, why error) {
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
	tell(ctx, s.Jobs, now, job.ID, progress)
}

// plain says why a poll failed, without the provider's message. The message may contain the
// prompt, which Check doesn't know and can't redact.
func plain(err error) string {
	var refusal *provider.Refusal
	if !errors.As(err, &refusal) {
		return "the provider gave no usable answer"
	}
	switch refusal.Kind {
	case provider.RefusedBusy:
		return "the provider was asked too often"
	case provider.RefusedUnreachable:
		return "the provider could not be reached"
	case provider.RefusedKey:
		return "the provider does not accept the API key"
	case provider.RefusedUnknown:
		return "the provider does not know the generation"
	}
	return "the provider refused to answer"
}
