package aimlapi_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/script"
	"github.com/takeup/takeup/internal/video"
)

func TestBalance(t *testing.T) {
	_, url, _ := standIn(t, func(*script.Settings) {}, nil)
	if usd, err := client(url).Balance(t.Context(), key()); err != nil || usd != 100 {
		t.Errorf("got %v, %v", usd, err)
	}
	var refused *provider.Refusal
	if _, err := client(url).Balance(t.Context(), video.Key{Value: "another"}); !errors.As(err, &refused) || refused.Kind != provider.RefusedKey {
		t.Errorf("another key: %v", err)
	}
	for _, body := range []string{"x", "{}", `{"current_balance": "much", "currency": "USD"}`, `{"current_balance": 1, "currency": "EUR"}`} {
		c := serve(t, func(w http.ResponseWriter, r *http.Request) { answer(200, body)(w, r) })
		var unanswered *provider.Unanswered
		if usd, err := c.Balance(t.Context(), key()); !errors.As(err, &unanswered) {
			t.Errorf("%s: got %v, %v", body, usd, err)
		}
	}
}
