package jobs

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"

	"github.com/takeup/takeup/internal/jobs/view"
	"github.com/takeup/takeup/internal/video"
)

// readAtOnce is how many jobs are read at a time.
const readAtOnce = 10

// Statuses is Status for many jobs. It omits ids without a job, and keeps the order of the
// others. The error is a *video.ServiceUnavailable if one of them can't be read.
func (s *Service) Statuses(ctx context.Context, ids []string) ([]view.View, error) {
	found := make([]*view.View, len(ids))
	var group errgroup.Group
	group.SetLimit(readAtOnce)
	for i, id := range ids {
		group.Go(func() error {
			shown, err := s.Status(ctx, id)
			if absent := (*video.NoEntry)(nil); errors.As(err, &absent) {
				return nil
			}
			found[i] = &shown
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, video.Unavailable("reading the jobs", err)
	}
	var views []view.View
	for _, one := range found {
		if one != nil {
			views = append(views, *one)
		}
	}
	return views, nil
}
