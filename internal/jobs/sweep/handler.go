package sweep

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// kept is the part of the function's time that a sweep leaves for finishing.
const kept = 10 * time.Second

// NoOccasion is the error for a payload that the settle function doesn't accept.
type NoOccasion struct{}

func (e *NoOccasion) Error() string {
	return `the payload is neither an execution's ARN, as a text, nor {"sweep": true}`
}

// Handler returns the Lambda handler of the settle function. Its payload is either {"sweep":
// true}, or as a JSON string the ARN of an execution that has ended, which it settles. A sweep
// calls wait between two jobs, and measure at its end.
func (s *Sweeper) Handler(log *slog.Logger, list Lister, wait func(context.Context) error, measure func(context.Context, Swept) error) func(context.Context, json.RawMessage) error {
	return func(ctx context.Context, payload json.RawMessage) error {
		began := s.now()
		var arn string
		var occasion struct {
			Sweep bool `json:"sweep"`
		}
		switch {
		case json.Unmarshal(payload, &arn) == nil && arn != "":
			name := arn[strings.LastIndex(arn, ":")+1:]
			settled, err := s.jobs.Settle(ctx, name)
			return logged(ctx, log, err, "execution", name, "settled", settled, "elapsed_ms", s.now().Sub(began).Milliseconds())
		case json.Unmarshal(payload, &occasion) == nil && occasion.Sweep:
			sweeping := ctx
			if deadline, ok := ctx.Deadline(); ok {
				var cancel context.CancelFunc
				sweeping, cancel = context.WithDeadline(ctx, deadline.Add(-kept))
				defer cancel()
			}
			swept, err := s.Sweep(sweeping, list, wait)
			err = errors.Join(err, measure(ctx, swept))
			return logged(ctx, log, err, "looked", swept.Looked, "settled", swept.Settled, "started", swept.Started, "rest", swept.Rest,
				"elapsed_ms", s.now().Sub(began).Milliseconds())
		}
		return logged(ctx, log, fmt.Errorf("settling: %w", &NoOccasion{}))
	}
}

// logged writes one log line, and returns err.
func logged(ctx context.Context, log *slog.Logger, err error, attributes ...any) error {
	if err != nil {
		log.ErrorContext(ctx, "settle", append(attributes, "error", err.Error())...)
		return err
	}
	log.InfoContext(ctx, "settle", attributes...)
	return nil
}
