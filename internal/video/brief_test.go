package video_test

import (
	"strings"
	"testing"

	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/video"
)

func TestBrief(t *testing.T) {
	const v3, turbo = "klingai/video-v3-pro-text-to-video", "klingai/video-v3-turbo-pro-text-to-video"
	long := strings.Repeat("ä", 201)
	for request, want := range map[string]video.Brief{
		`{"prompt":"a boat","duration":10,"ratio":"1:1"}`:             {Model: catalogue.Default(all.Models()), Prompt: "a boat", Duration: 10, AspectRatio: "1:1"},
		`{"prompt":"` + long + `"}`:                                   {Model: catalogue.Default(all.Models()), Prompt: long[:400], Duration: 5, AspectRatio: "16:9"},
		`{"model":"` + v3 + `","multi_prompt":["a boat","it sinks"]}`: {Model: v3, Prompt: "a boat / it sinks"},
		`{"model":"` + turbo + `","multi_prompt":[{"prompt":"a boat","duration":2},{"prompt":"it sinks","duration":3}]}`: {Model: turbo, Prompt: "a boat / it sinks"},
	} {
		r, err := catalogue.Parse(all.Models(), []byte(request))
		if err != nil {
			t.Errorf("%.60s: %v", request, err)
			continue
		}
		got := r.Brief()
		if want.Duration == 0 {
			want.Duration, want.AspectRatio = got.Duration, got.AspectRatio // the model's defaults
		}
		if got != want {
			t.Errorf("%.60s: got %+v", request, got)
		}
	}
}
