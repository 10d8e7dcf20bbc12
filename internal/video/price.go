package video

// CreditsPerUSD is the provider's rate: 1 USD is 2,000,000 credits.
// https://docs.aimlapi.com, as of 2026-08-21.
const CreditsPerUSD = 2_000_000
