package jobs

import (
	"context"
	"errors"
	"sync"

	"github.com/takeup/takeup/internal/video"
)

// Statuses says how many jobs are doing, each by its item alone as Status does. Ids that
// are no job's are left out; the others stay in order. The error is a
// *video.ServiceUnavailable where one of them can't be read.
func (s *Service) Statuses(ctx context.Context, ids []string) ([]View, error) {
	found, errs := make([]*View, len(ids)), make([]error, len(ids))
	var group sync.WaitGroup
	places := make(chan struct{}, readAtOnce)
	for i, id := range ids {
		places <- struct{}{}
		group.Go(func() {
			defer func() { <-places }()
			view, err := s.Status(ctx, id)
			if absent := (*video.NoEntry)(nil); errors.As(err, &absent) {
				return
			}
			found[i], errs[i] = &view, err
		})
	}
	group.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, unavailable("reading the jobs", err)
	}
	var views []View
	for _, view := range found {
		if view != nil {
			views = append(views, *view)
		}
	}
	return views, nil
}
