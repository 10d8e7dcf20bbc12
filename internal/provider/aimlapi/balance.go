package aimlapi

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/video"
)

// Balance returns the balance of the key's account, in USD. It is free, so it can
// also be used to check a key. It doesn't show a key's own spend limit. The error is a
// *provider.Refusal or a *provider.Unanswered.
func (c *Client) Balance(ctx context.Context, key video.Key) (float64, error) {
	body, err := c.get(ctx, key, "/v2/billing", nil)
	if err != nil {
		return 0, err
	}
	var billing struct {
		Balance  *number `json:"current_balance"`
		Currency string  `json:"currency"` // always USD
	}
	if json.Unmarshal(body, &billing) != nil || billing.Balance == nil || billing.Currency != "USD" {
		return 0, &provider.Unanswered{Err: fmt.Errorf("the balance is not in its documented shape")}
	}
	return float64(*billing.Balance), nil
}
