package jobs

import (
	"context"

	"github.com/takeup/takeup/internal/jobs/view"
	"github.com/takeup/takeup/internal/video"
)

// NoPoster is the error for a job that takes no poster. Nothing was stored.
type NoPoster struct{ ID, Reason string }

func (e *NoPoster) Error() string { return "job " + e.ID + " takes no poster: " + e.Reason }

// PutPoster stores a still picture of a job's video, in WebP, and records that there is one. A
// video keeps its first poster. Whoever has lost an answer can call PutPoster again.
//
// The error is a *NoPoster if the job has no stored video or was forgotten, a *video.NoEntry if
// there is no such job, and a *video.ServiceUnavailable if it isn't known whether the poster was
// stored.
func (s *Service) PutPoster(ctx context.Context, id string, webp []byte) (view.View, error) {
	stored := false
	for range turns {
		entry, version, err := s.get(ctx, id)
		if err != nil {
			return view.View{}, err
		}
		no := NoPoster{ID: id}
		switch state := entry.State(); {
		case state != video.StateCompleted:
			no.Reason = "it is " + string(state) + ", and only a stored video has one"
		case !entry.ForgottenAt.IsZero():
			no.Reason = "it was forgotten"
		case entry.Manifest.Poster:
			return view.Of(entry, s.now()), nil
		}
		if no.Reason != "" {
			// The job was discarded or forgotten, and its poster removed, before this one was stored.
			if stored {
				err = s.manifests.RemovePoster(ctx, entry.Locator())
			}
			if err != nil {
				return view.View{}, video.Unavailable("removing a poster", err)
			}
			return view.View{}, &no
		}
		if err := s.manifests.PutPoster(ctx, entry.Locator(), webp); err != nil {
			return view.View{}, video.Unavailable("storing a poster", err)
		}
		stored = true
		manifest := *entry.Manifest
		manifest.Poster, entry.Manifest = true, &manifest
		if entry, _, err = s.table.Update(ctx, entry, version); video.UnlessConflict(err) != nil {
			return view.View{}, video.Unavailable("recording a poster", err)
		} else if err == nil {
			return view.Of(entry, s.now()), nil
		}
	}
	return view.View{}, changing("recording a poster")
}
