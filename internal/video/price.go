package video

// CreditsPerUSD is the provider's rate: 1 USD is 2,000,000 credits.
// https://docs.aimlapi.com, as of 2026-08-21.
const CreditsPerUSD = 2_000_000

// MicrosOfCredits is what credits are worth in micro-dollars, rounded up.
func MicrosOfCredits(credits int64) int64 {
	const each = CreditsPerUSD / 1_000_000
	return credits/each + min(1, credits%each)
}
