// Package price reads the provider's public price list and says what a request
// will cost by it.
//
// The list is GET /v1/models?include=pricing, described in
// https://docs.aimlapi.com, as of 2026-08-21. It names prices in USD as decimal
// numbers. They are kept exactly, and amounts are whole micro-dollars: no money
// is ever a floating-point number here.
package price
