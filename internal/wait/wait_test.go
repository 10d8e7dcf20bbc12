package wait_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/takeup/takeup/internal/wait"
)

func TestFor(t *testing.T) {
	why := errors.New("stopped")
	for name, c := range map[string]struct {
		ends time.Duration // when the context ends; 0: before the call
		want error
		took time.Duration
	}{
		"the time is over first":    {2 * time.Second, nil, time.Second},
		"the context ends first":    {500 * time.Millisecond, why, 500 * time.Millisecond},
		"the context ended already": {0, why, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				if c.ends == 0 {
					cancel(why)
				} else {
					timer := time.AfterFunc(c.ends, func() { cancel(why) })
					defer timer.Stop()
				}
				began := time.Now()
				err := wait.For(ctx, time.Second)
				if took := time.Since(began); !errors.Is(err, c.want) || took != c.took {
					t.Errorf("got %v after %v, want %v after %v", err, took, c.want, c.took)
				}
			})
		})
	}
}
