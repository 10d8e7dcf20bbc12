package notify

import (
	"context"
	"errors"
	"log/slog"
	"slices"

	"github.com/takeup/takeup/internal/metrics"
	"github.com/takeup/takeup/internal/schedule"
	"github.com/takeup/takeup/internal/video"
)

// Meter writes values of metrics.
type Meter interface {
	Emit(values ...metrics.Value) error
}

// Records has how long the last generations of a kind took.
type Records interface {
	Times(ctx context.Context, model string, duration int) (past schedule.Past, version string, err error)
}

// Measured counts the endings of jobs in the metrics. It implements Channel. An event that is sent
// again is counted again.
type Measured struct {
	Meter Meter
	Jobs  Jobs
	Times Records
	Log   *slog.Logger
}

// Put implements Channel. It takes every event: what can't be measured is logged, and holds up
// nothing.
func (m Measured) Put(ctx context.Context, events []Event) []error {
	for _, e := range events {
		v, ok := e.About.(*Video)
		if !ok {
			continue
		}
		values, err := m.values(ctx, v)
		if err := errors.Join(err, m.Meter.Emit(values...)); err != nil {
			m.Log.WarnContext(ctx, "metrics", "event", e.ID, "error", err.Error())
		}
	}
	return make([]error, len(events))
}

// values returns what an ending is counted as.
func (m Measured) values(ctx context.Context, v *Video) ([]metrics.Value, error) {
	of, chosen, paid := metrics.Stored, false, false
	if v.Outcome != nil {
		kind := video.Outcome{Name: v.Outcome.Name}.Kind()
		of, chosen, paid = v.Outcome.Name, kind.Chosen(), v.Outcome.Paid == video.PaidYes && !kind.Chosen()
	}
	values := []metrics.Value{
		{Name: metrics.Failed, N: one(v.Outcome != nil && !chosen)},
		{Name: metrics.PaidWithoutVideo, N: one(paid)},
	}
	if row, _ := metrics.Of(metrics.Endings); slices.Contains(row.Values, of) { // not an error of Step Functions' own
		values = append(values, metrics.Value{Name: metrics.Endings, Of: of, N: 1})
	}
	if v.File == nil {
		return values, nil
	}
	values = append(values, metrics.Value{Name: metrics.TimeToStored, N: v.EndedAt.Sub(v.CreatedAt).Seconds()},
		metrics.Value{Name: metrics.CopiedBytes, N: float64(v.File.Bytes)})
	stored, err := m.stored(ctx, v)
	return append(values, stored...), err
}

// stored returns what is known of a stored video from its job. The manifest is another's if the job
// has gone on since.
func (m Measured) stored(ctx context.Context, v *Video) (values []metrics.Value, err error) {
	entry, _, err := m.Jobs.Get(ctx, v.VideoID)
	if err != nil {
		return nil, err
	}
	manifest := entry.Manifest
	if manifest == nil || !manifest.StoredAt.Equal(v.EndedAt) {
		return nil, nil
	}
	values = append(values, metrics.Value{Name: metrics.Polls, N: float64(manifest.Polls)})
	if took := manifest.StoredAt.Sub(manifest.StoringAt).Seconds(); took > 0 && !manifest.StoringAt.IsZero() {
		values = append(values, metrics.Value{Name: metrics.CopyRate, N: float64(manifest.Bytes) / took})
	}
	past, _, err := m.Times.Times(ctx, entry.Request.Model(), entry.Request.Duration())
	if err != nil || len(past.Seen) == 0 {
		return values, err
	}
	// The last one that is known, which may be that of another job of this kind. Without an earlier
	// poll there is no bound.
	if last := past.Seen[len(past.Seen)-1]; last.After > 0 {
		values = append(values, metrics.Value{Name: metrics.NoticeLag, N: (last.By - last.After).Seconds()})
	}
	return values, nil
}

func one(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
