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

// TestForNothing holds that a wait for nothing makes no timer. For says why.
func TestForNothing(t *testing.T) {
	for _, d := range []time.Duration{0, -time.Second} {
		if made := testing.AllocsPerRun(10, func() {
			if err := wait.For(t.Context(), d); err != nil {
				t.Error(err)
			}
		}); made != 0 {
			t.Errorf("waiting for %v makes %v objects", d, made)
		}
		why := errors.New("stopped")
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(why)
		if err := wait.For(ctx, d); !errors.Is(err, why) {
			t.Errorf("waiting for %v after the context's end: %v", d, err)
		}
	}
}
