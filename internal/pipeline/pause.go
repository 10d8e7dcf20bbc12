package pipeline

import (
	"context"
	"time"

	"github.com/takeup/takeup/internal/schedule"
	"github.com/takeup/takeup/internal/video"
)

// longestPause is the most between two tries of a job that waits while the table is
// paused. An execution's history lasts for more than two weeks of it.
const longestPause = 10 * time.Minute

// pausedTimes is how many first waits for room the first wait of a pause is.
const pausedTimes = 4

// pause has a job wait that can't be claimed while the table is paused. How long is
// by the pause's age, and by nothing of the job's, so that none passes another by it.
// A job that is redriven has not ended any more.
func (s *visit) pause(ctx context.Context, entry video.Entry, version string, paused *video.Paused) result {
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
	s.waits(video.WaitResume, entry.Attempt, wait, time.Time{}, "")
	return done(entry.Job(video.Waiting, seconds(wait)))
}

// pausedFor is how long a job waits.
func (s *Submit) pausedFor(ctx context.Context, id string, paused *video.Paused) time.Duration {
	wait := pausedTimes * s.Times.Busy
	if !paused.Since.IsZero() {
		wait = max(wait, schedule.Sparse(s.Now().Sub(paused.Since)))
	}
	wait = min(wait, longestPause)
	s.Log.InfoContext(ctx, "paused", "job", id, "since", paused.Since, "copy_of", paused.CopyOf)
	return wait + s.Jitter(wait/4)
}

// missing has a job wait that the table doesn't have while it is paused: it may have
// been restored, and the job be written back. Otherwise there is no such job.
func (s *Submit) missing(ctx context.Context, id string) (video.Job, error) {
	job := video.Job{ID: id}
	paused, err := s.Jobs.Paused(ctx)
	switch {
	case err != nil:
		return job, err
	case paused == nil:
		return job, &video.InvalidRequest{Fields: []video.FieldError{{Field: "id", Message: "there is no job " + id + " to go on with; give a request object to start one"}}}
	}
	job.Status, job.WaitSeconds = video.Waiting, seconds(s.pausedFor(ctx, id, paused))
	return job, nil
}

// forgotten refuses what would go on with a job that was forgotten. One that is
// entered again ends as it did.
func (o order) forgotten(entry video.Entry) error {
	if entry.ForgottenAt.IsZero() || !o.resume && (entry.Phase == video.PhaseAccepted || entry.Outcome != nil) {
		return nil
	}
	return &video.InvalidRequest{Fields: []video.FieldError{{Field: "id", Message: "job " + o.id + " was forgotten, and its request with it, so there is nothing to go on with; send a new request"}}}
}
