package jobs_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/takeup/takeup/internal/video"
)

// Statuses returns the jobs among many ids in the order of the ids.
func TestStatuses(t *testing.T) {
	boat := request(t, "a boat")
	l := ledger{}
	var ids, want []string
	for i := range 100 {
		id := fmt.Sprintf("job-%d", i)
		ids = append(ids, id)
		if i%3 == 0 {
			continue
		}
		want = append(want, id)
		l[id] = video.Entry{ID: id, Request: boat, RequestHash: boat.Hash()}
	}
	s := service(t, l, nil, &machine{executions: map[string]*sfn.DescribeExecutionOutput{}})
	views, err := s.Statuses(t.Context(), append(ids, "a/b"))
	var got []string
	for _, view := range views {
		got = append(got, view.ID)
		if view.State != video.StateQueued {
			t.Errorf("got %+v", view)
		}
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	var unavailable *video.ServiceUnavailable
	if views, err := s.Statuses(t.Context(), []string{"job-1", "throttled", "job-2"}); views != nil || !errors.As(err, &unavailable) || !errors.Is(err, errThrottled) {
		t.Errorf("got %v, %v", views, err)
	}
	if views, err := s.Statuses(t.Context(), nil); len(views) != 0 || err != nil {
		t.Errorf("of none: got %v, %v", views, err)
	}
}
