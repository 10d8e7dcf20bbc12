package watch

import (
	"context"
	"encoding/json"
	"log/slog"
)

// Handler returns the Lambda handler of the watch function. It ignores its payload.
func (w *Watcher) Handler(log *slog.Logger) func(context.Context, json.RawMessage) error {
	return func(ctx context.Context, _ json.RawMessage) error {
		began := w.Now()
		seen, err := w.Watch(ctx)
		attributes := []any{"findings", seen.Findings, "stuck", seen.Stuck, "elapsed_ms", w.Now().Sub(began).Milliseconds()}
		if err != nil {
			log.ErrorContext(ctx, "watch", append(attributes, "error", err.Error())...)
			return err
		}
		log.InfoContext(ctx, "watch", attributes...)
		return nil
	}
}
