package order_test

import (
	"errors"
	"testing"

	"github.com/takeup/takeup/internal/provider/aimlapi/sim/clip"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/contract"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/order"
)

// Any body is either refused in the provider's form, or yields a video.
func FuzzRead(f *testing.F) {
	c := order.NewReader(all())
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
			o, err := c.Read(route, []byte(body))
			var bad order.Refused
			switch {
			case errors.As(err, &bad):
			case err != nil:
				t.Errorf("%q: %v", body, err)
			default:
				seconds, aspect := clip.Nearest(o.Seconds, o.Aspect)
				if _, err := clip.New("id", seconds, aspect, 0); err != nil {
					t.Errorf("%q: %v", body, err)
				}
			}
		}
	})
}
