package sim

import (
	"errors"
	"testing"

	"github.com/takeup/takeup/internal/provider/aimlapi/sim/contract"
)

// Any body is either refused in the provider's form, or yields a video.
func FuzzRead(f *testing.F) {
	c := newModelSet()
	for _, body := range []string{
		`{"model":"kling-video/v1/pro/text-to-video","prompt":"p","duration":"5","ratio":"1:1"}`,
		`{"model":"kling-video/v1/pro/text-to-video","prompt":"p","duration":5.0}`,
		`{"model":"klingai/video-v3-turbo-pro-text-to-video","multi_prompt":[{"prompt":"p"}],"duration":1.5e1}`,
		`{"model":null}`, `[]`, `{`, `"`, ``,
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		for _, route := range []string{contract.Legacy, contract.Universal} {
			o, err := c.read(route, []byte(body))
			var bad badRequest
			switch {
			case errors.As(err, &bad):
			case err != nil:
				t.Errorf("%q: %v", body, err)
			default:
				if _, err := NewVideo("id", filmed(o.seconds), shaped(o.aspect), 0); err != nil {
					t.Errorf("%q: %v", body, err)
				}
			}
		}
	})
}

// A cursor is accepted only in its exact original form.
func FuzzCursor(f *testing.F) {
	f.Add(formatCursor(0))
	f.Add("eyJiIjoxLCJ2IjoxfQ")
	f.Add("!")
	f.Fuzz(func(t *testing.T, text string) {
		if before, ok := parseCursor(text); ok && (before < 0 || formatCursor(before) != text) {
			t.Errorf("%q was taken as %d", text, before)
		}
	})
}
