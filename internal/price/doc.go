// Package price parses the provider's public price list, and quotes requests by it.
//
// The list is GET /v1/models?include=pricing, described in https://docs.aimlapi.com, as of
// 2026-08-21. It gives prices in USD as decimal numbers. They are stored exactly, and
// amounts are whole micro-dollars: this package never represents money as a floating-point
// number.
package price
