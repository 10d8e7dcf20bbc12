package pipeline

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/video"
)

// telling is the most that a step takes to tell of its work, and what it must have
// left beyond that: the job waits meanwhile.
const telling = time.Second

// tell keeps what a step tells of a job, at best effort: what can't be kept in time
// is dropped. It comes last in an invocation, when all else is decided.
func tell(ctx context.Context, jobs Jobs, now time.Time, id string, progress video.Progress) {
	if deadline, ok := ctx.Deadline(); ok && deadline.Sub(now) < 2*telling {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, telling)
	defer cancel()
	_ = jobs.PutProgress(ctx, id, progress)
}

// visit is one invocation of Submit, with what it has to tell.
type visit struct {
	*Submit
	before video.Progress // what Submit told until now
	events []video.Event
	wait   video.Wait
}

func (s *visit) note(e video.Event) {
	if e.At.IsZero() {
		e.At = s.Now()
	}
	s.events = append(s.events, e)
}

// waits notes what the job waits for now.
func (s *visit) waits(kind video.WaitKind, attempt int, wait time.Duration, until time.Time, why string) {
	now := s.Now()
	s.wait = video.Wait{
		Kind: kind, At: now, Attempt: attempt, NextAt: now.Add(time.Duration(seconds(wait)) * time.Second), Until: until, LastError: video.Shorten(why),
	}
}

// meet takes in what was told of the job before. The first Submit of another
// execution notes that, with what would be lost by it: how the job ended before, and
// what Check told.
func (s *visit) meet(o order, entry video.Entry) {
	s.before = entry.Told(video.StepSubmit)
	n := entry.Redrives
	known := s.before.Has(video.EventContinued, n) || slices.ContainsFunc(s.events, func(e video.Event) bool { return e.Kind == video.EventContinued })
	if n == 0 || entry.Execution != o.execution || known || entry.Outcome != nil && entry.Outcome.Final() {
		return
	}
	for _, e := range entry.Told(video.StepCheck).Events {
		s.note(e)
	}
	if e := entry.Outcome; e != nil {
		s.note(video.Event{At: e.At, Kind: video.EventEnded, Said: e.Name + ": " + e.Message})
	}
	s.note(video.Event{Kind: video.EventContinued, Number: n, Said: entry.Execution})
}

// tell keeps what there is to tell, if anything.
func (s *visit) tell(ctx context.Context, id string) {
	if len(s.events) == 0 && s.wait.Kind == "" {
		return
	}
	progress := s.before
	progress.Step, progress.Wait = video.StepSubmit, s.wait
	for _, e := range s.events {
		progress.Add(e)
	}
	tell(ctx, s.Jobs, s.Now(), id, progress)
}

// Step Functions tries a Store again that gave a VideoUnavailable: so long after the
// first time, twice as long after each further one up to a most, and so often, as
// statemachine/text_to_video.asl.json has it.
const (
	copyAgain        = 30 * time.Second
	copyAgainLongest = 30 * time.Minute
	copyTries        = 14
)

// tell tells of a copy that failed and will be tried again. An outcome is in the
// job's entry.
func (s *Store) tell(ctx context.Context, job video.Job, entry video.Entry, why error) {
	var unavailable *video.VideoUnavailable
	var service *video.ServiceUnavailable
	now, next, until := s.Now(), time.Time{}, time.Time{}
	progress := entry.Told(video.StepStore)
	failed, all := 0, 1
	for _, e := range progress.Events {
		all = max(all, e.Number+1)
		if e.At.After(job.CompletedAt) { // not of an earlier execution
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
	said := video.Shorten(why.Error())
	progress.Wait = video.Wait{Kind: video.WaitVideo, At: now, NextAt: next, Until: until, LastError: said}
	progress.Add(video.Event{At: now, Kind: video.EventCopyFailed, Number: all, Said: said})
	tell(ctx, s.Jobs, now, job.ID, progress)
}

// plain says why a call to the provider told nothing, without the provider's words:
// they may have the prompt, which a step that only asks doesn't have.
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
