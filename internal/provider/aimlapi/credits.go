package aimlapi

// creditsPerMicro is the provider's rate: 1 USD is 2,000,000 credits.
// https://docs.aimlapi.com, as of 2026-08-21.
const creditsPerMicro = 2

// MicrosOfCredits converts credits to micro-dollars, rounded up.
func MicrosOfCredits(credits int64) int64 {
	return credits/creditsPerMicro + min(1, credits%creditsPerMicro)
}

// CreditsOfMicros converts micro-dollars to credits.
func CreditsOfMicros(micros int64) int64 { return creditsPerMicro * micros }
