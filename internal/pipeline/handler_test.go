package pipeline_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/takeup/takeup/internal/pipeline"
	"github.com/takeup/takeup/internal/video"
)

func TestHandlerGivesNamedErrorsAndOneLine(t *testing.T) {
	for _, test := range []struct {
		name string
		step func(context.Context, string) (video.Job, error)
		want string
	}{
		{"done", func(context.Context, string) (video.Job, error) { return video.Job{ID: "job-1"}, nil }, ""},
		{"an outcome", func(context.Context, string) (video.Job, error) {
			return video.Job{ID: "job-1"}, &video.OutOfCredits{}
		}, "OutOfCredits"},
		{"a wrapped outcome", func(context.Context, string) (video.Job, error) {
			return video.Job{ID: "job-1"}, fmt.Errorf("while at it: %w", &video.OutOfCredits{})
		}, "OutOfCredits"},
		{"no outcome", func(context.Context, string) (video.Job, error) {
			return video.Job{ID: "job-1"}, errors.New("broken")
		}, "ServiceUnavailable"},
		{"a panic", func(context.Context, string) (video.Job, error) { panic("at the disco") }, "ServiceUnavailable"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var log bytes.Buffer
			handler := pipeline.Handler(slog.New(slog.NewJSONHandler(&log, nil)), newClock().Now, "step", test.step)
			_, err := handler(t.Context(), "in")
			if (err == nil) != (test.want == "") || err != nil && fmt.Sprintf("%T", err) != "*video."+test.want {
				t.Errorf("got %T %v", err, err)
			}
			if strings.Count(log.String(), "\n") != 1 {
				t.Errorf("logged %q", log.String())
			}
		})
	}
}
