package aimlapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"time"

	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/video"
)

// Percentiles returns a model's recent generation times, across all lengths of video;
// false if the provider measured none in its window of a few minutes. It needs no key.
// The error is a *provider.Refusal or a *provider.Unanswered.
func (c *Client) Percentiles(ctx context.Context, model string) (provider.Percentiles, bool, error) {
	body, err := c.get(ctx, video.Key{}, "/models/metrics", url.Values{"aliases": {model}})
	if err != nil {
		return provider.Percentiles{}, false, err
	}
	var reply struct {
		Models []struct {
			Alias   string `json:"alias"`
			Metrics struct {
				Duration *struct {
					P50 number `json:"p50"`
					P90 number `json:"p90"`
				} `json:"duration_ms"`
			} `json:"metrics"`
		} `json:"models"`
	}
	if err := json.Unmarshal(body, &reply); err != nil || reply.Models == nil {
		return provider.Percentiles{}, false, &provider.Unanswered{Err: fmt.Errorf("the metrics are not in their documented shape")}
	}
	for _, m := range reply.Models {
		if d := m.Metrics.Duration; m.Alias == model && d != nil {
			return provider.Percentiles{P50: milliseconds(d.P50), P90: milliseconds(d.P90)}, true, nil
		}
	}
	return provider.Percentiles{}, false, nil
}

// milliseconds converts a number from a reply to a duration; 0 if it is out of range.
func milliseconds(n number) time.Duration {
	if n < 0 || n > 1e12 {
		return 0
	}
	return time.Duration(float64(n) * float64(time.Millisecond))
}
