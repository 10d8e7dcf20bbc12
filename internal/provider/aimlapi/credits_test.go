package aimlapi_test

import (
	"math"
	"testing"

	"github.com/takeup/takeup/internal/provider/aimlapi"
)

func TestCredits(t *testing.T) {
	for credits, want := range map[int64]int64{0: 0, 1: 1, 2: 1, 3: 2, 1_960_000: 980_000, math.MaxInt64: math.MaxInt64/2 + 1} {
		if got := aimlapi.MicrosOfCredits(credits); got != want {
			t.Errorf("%d credits: %d", credits, got)
		}
	}
	if got := aimlapi.CreditsOfMicros(980_000); got != 1_960_000 {
		t.Errorf("0.98 USD are %d credits", got)
	}
}
