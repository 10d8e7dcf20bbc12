package web

import (
	"context"
	"time"
)

// Guess is an Estimator that knows nothing of earlier videos: it goes by the
// provider's own sample, of a video of 5 s that took 78 s.
// https://docs.aimlapi.com, as of 2026-08-21.
type Guess struct{}

const perSecond = 78 * time.Second / 5

// Usual is the sample's time, by the length of the video.
func (Guess) Usual(_ context.Context, _ string, duration int) (time.Duration, bool) {
	return time.Duration(duration) * perSecond, duration > 0
}

// Left is what is left of Usual; unknown where that is over.
func (g Guess) Left(ctx context.Context, model string, duration int, elapsed time.Duration) (time.Duration, bool) {
	usual, known := g.Usual(ctx, model, duration)
	return usual - elapsed, known && elapsed < usual
}
