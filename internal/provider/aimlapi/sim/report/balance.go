package report

import (
	"time"

	"github.com/takeup/takeup/internal/provider/aimlapi/sim/contract"
)

// Billing returns the reply of GET /v2/billing.
func Billing(credits int64) any {
	return struct {
		CurrentBalance float64 `json:"current_balance"`
		Currency       string  `json:"currency"`
	}{contract.USD(credits), "USD"}
}

// Balance returns the reply of GET /v1/billing/balance.
func Balance(credits int64, now time.Time) any {
	const threshold = 10_000
	return struct {
		Balance             int64  `json:"balance"`
		LowBalance          bool   `json:"lowBalance"`
		LowBalanceThreshold int64  `json:"lowBalanceThreshold"`
		LastUpdated         string `json:"lastUpdated"`
		AutoDebitStatus     string `json:"autoDebitStatus"`
		Status              string `json:"status"`
		StatusExplanation   string `json:"statusExplanation"`
	}{credits, credits < threshold, threshold, contract.Time(now), "disabled", "current", "Balance is current and up to date"}
}
