package submit

import (
	"context"
	"time"

	"github.com/takeup/takeup/internal/operator"
	"github.com/takeup/takeup/internal/pipeline"
	"github.com/takeup/takeup/internal/schedule"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/report"
)

// maxPausePoll is the longest time between two tries of a job while the table is paused. At that
// interval an execution's history lasts more than two weeks.
const maxPausePoll = 10 * time.Minute

// pausedTimes multiplies the first wait for room to give the first wait in a pause.
const pausedTimes = 4

// pause makes a job wait that can't be claimed because the table is paused. The wait depends
// only on the pause's age, so that no job overtakes another. Here too, a redrive clears the
// job's outcome.
func (s *visit) pause(ctx context.Context, entry video.Entry, version string, paused *operator.Paused) result {
	wait := s.pausedFor(ctx, entry.ID, paused)
	redriven, first := entry.Outcome != nil, entry.PausedSince.IsZero()
	if redriven {
		entry.Turn = entry.TurnAt(s.Now())
		entry.Outcome = nil
	}
	if first {
		entry.PausedSince = s.Now()
	}
	if !entry.FullSince.IsZero() && entry.WaitsFor(entry.FullOf, s.Now().Add(wait)) || redriven || first {
		if _, _, err := s.Jobs.Update(ctx, entry, version); err != nil {
			return unwritten(err)
		}
	}
	s.waits(report.WaitResume, entry.Attempt, wait, time.Time{}, "")
	return done(entry.Job(video.Waiting, pipeline.Seconds(wait)))
}

// pausedFor returns how long a job waits in a pause.
func (s *Step) pausedFor(ctx context.Context, id string, paused *operator.Paused) time.Duration {
	wait := pausedTimes * s.Times.Busy
	if !paused.Since.IsZero() {
		wait = max(wait, schedule.Sparse(s.Now().Sub(paused.Since)))
	}
	wait = min(wait, maxPausePoll)
	s.Log.InfoContext(ctx, "paused", "job", id, "since", paused.Since, "copy_of", paused.CopyOf)
	return wait + s.Jitter(wait/4)
}

// missing handles a job that the table doesn't have. While the table is paused, the job waits:
// the table may have been restored, and the job may be written back. Otherwise there is no such
// job.
func (s *Step) missing(ctx context.Context, id string) (video.Job, error) {
	job := video.Job{ID: id}
	paused, err := s.Jobs.Paused(ctx)
	switch {
	case err != nil:
		return job, err
	case paused == nil:
		return job, &video.InvalidRequest{Fields: []video.FieldError{{Field: "id", Message: "there is no job " + id + " to resume; give a request object to start one"}}}
	}
	job.Status, job.WaitSeconds = video.Waiting, pipeline.Seconds(s.pausedFor(ctx, id, paused))
	return job, nil
}

// forgotten returns an error if the task resumes a job that was forgotten. A step that is
// entered again ends as before.
func (o order) forgotten(entry video.Entry) error {
	if entry.ForgottenAt.IsZero() || !o.resume && (entry.Phase == video.PhaseAccepted || entry.Outcome != nil) {
		return nil
	}
	return &video.InvalidRequest{Fields: []video.FieldError{{Field: "id", Message: "job " + o.id + " was forgotten, and its request with it, so there is nothing to resume; send a new request"}}}
}
