package jobs

import (
	"context"
	"errors"

	"github.com/takeup/takeup/internal/jobs/view"
	"github.com/takeup/takeup/internal/video"
)

// Status returns the view of a job from its item in the table alone. The error is a
// *video.NoEntry if there is no such job, and a *video.ServiceUnavailable if it can't be read
// now.
//
// A job whose execution died seems to be in progress until it is settled. A job whose video was
// removed from the bucket by anyone but Takeup is still completed: File checks that.
func (s *Service) Status(ctx context.Context, id string) (view.View, error) {
	if !video.ValidID(id) {
		return view.View{}, &video.NoEntry{ID: id}
	}
	entry, _, err := s.get(ctx, id)
	if err != nil {
		return view.View{}, err
	}
	return view.Of(entry, s.now()), nil
}

// File is Status for a caller that wants the video's file: it checks that the bucket still has
// the file. A job whose video was removed has the outcome VideoGone.
func (s *Service) File(ctx context.Context, id string) (view.View, error) {
	v, err := s.Status(ctx, id)
	if err != nil || v.State != video.StateCompleted {
		return v, err
	}
	_, stored, err := s.manifests.Manifest(ctx, v.Locator())
	switch {
	case err != nil:
		return view.View{}, video.Unavailable("reading the manifest", err)
	case !stored:
		v.State, v.Outcome, v.Manifest, v.Redrivable = video.StateFailed, video.NewOutcome(&video.VideoGone{}, v.EndedAt), nil, v.ForgottenAt.IsZero()
	}
	return v, nil
}

// get reads a job. The error is a *video.NoEntry or a *video.ServiceUnavailable.
func (s *Service) get(ctx context.Context, id string) (video.Entry, string, error) {
	entry, version, err := s.table.Get(ctx, id)
	var absent *video.NoEntry
	if err != nil && !errors.As(err, &absent) {
		err = video.Unavailable("reading the job", err)
	}
	return entry, version, err
}
