package settings

import (
	"context"
	"log/slog"
	"strings"
)

// traceKey is the key under which the Lambda runtime's context has the value of the trace header.
const traceKey = "x-amzn-trace-id"

// traced is a handler that adds the id of the X-Ray trace to each line of a traced invocation.
type traced struct{ slog.Handler }

// Handle implements slog.Handler.
func (t traced) Handle(ctx context.Context, r slog.Record) error {
	if id := traceID(ctx); id != "" {
		r.Add("xray_trace_id", id) // AddAttrs and WithAttrs would add kilobytes to each function
	}
	return t.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (t traced) WithAttrs(attrs []slog.Attr) slog.Handler { return traced{t.Handler.WithAttrs(attrs)} }

// WithGroup implements slog.Handler.
func (t traced) WithGroup(name string) slog.Handler { return traced{t.Handler.WithGroup(name)} }

// traceID returns the id of the trace that an invocation is recorded in, or an empty text. Lambda
// gives an id to each invocation, also to those that X-Ray doesn't record.
// https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
func traceID(ctx context.Context) string {
	header, _ := ctx.Value(traceKey).(string)
	id, sampled := "", false
	for header != "" {
		var part string
		part, header, _ = strings.Cut(header, ";")
		if root, ok := strings.CutPrefix(part, "Root="); ok {
			id = root
		}
		sampled = sampled || part == "Sampled=1"
	}
	if !sampled {
		return ""
	}
	return id
}
