package submit

import (
	"context"
	"slices"
	"time"

	"github.com/takeup/takeup/internal/pipeline"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/report"
)

// visit is one invocation of Submit, with the progress that it will record.
type visit struct {
	*Step
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
		Kind: kind, At: now, Attempt: attempt, NextAt: now.Add(time.Duration(pipeline.Seconds(wait)) * time.Second), Until: until, LastError: report.Shorten(why),
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

// Tell records the progress of this visit, if there is any.
func (s *visit) tell(ctx context.Context, id string) {
	if len(s.events) == 0 && s.wait.Kind == "" {
		return
	}
	progress := s.before
	progress.Step, progress.Wait = report.StepSubmit, s.wait
	for _, e := range s.events {
		progress.Add(e)
	}
	pipeline.Tell(ctx, s.Jobs, s.Now(), id, progress)
}
