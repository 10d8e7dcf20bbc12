package provider

import (
	"context"
	"time"

	"github.com/takeup/takeup/internal/price"
	"github.com/takeup/takeup/internal/video"
)

// Records is a provider whose log of requests and charges can be read. Reconciling
// needs it.
type Records interface {
	// Requests returns the submissions made with a key in a period, and Charges what the
	// key's account was charged for generations in it. Each returns all of them, or a
	// *Refusal or an *Unanswered.
	Requests(ctx context.Context, key video.Key, from, to time.Time) ([]LoggedRequest, error)
	Charges(ctx context.Context, key video.Key, from, to time.Time) ([]Charge, error)
	// Handle derives a generation's handle from its ID, as far as possible; it is empty if
	// the ID is. ID is the inverse.
	Handle(id string, request video.Request) Handle
	ID(handle Handle) string
}

// LoggedRequest is a submission in the provider's log.
type LoggedRequest struct {
	Created   time.Time
	Failed    bool
	Model     string
	ID        string // as in Generation; empty if the log has no usable one
	Reference string // that it was submitted under
}

// Charge is an amount charged to the account for a generation.
type Charge struct {
	Created time.Time
	Model   string // empty if the provider doesn't say
	ID      string // as in Generation; empty if there is no usable one
	Micros  int64  // micro-dollars
}

// Metrics is a provider that publishes recent generation times.
type Metrics interface {
	// Percentiles returns a model's generation times, across all lengths of video; false if
	// none were measured. The error is a *Refusal or an *Unanswered.
	Percentiles(ctx context.Context, model string) (Percentiles, bool, error)
}

// Percentiles are percentiles of a model's recent generation times.
type Percentiles struct{ P50, P90 time.Duration }

// Pricer is a provider that publishes a price list.
type Pricer interface {
	// PriceList returns the URL of the list.
	PriceList() string
	// Prices returns the list and true, or false if the list still has the given ETag.
	// With an empty ETag it always returns the list. The error is a *Refusal or an
	// *Unanswered.
	Prices(ctx context.Context, etag string) (price.List, bool, error)
}

// Biller is a provider that reports an account's balance.
type Biller interface {
	// Balance returns the balance in USD. It is free, so it can also be used to check a
	// key. The error is a *Refusal or an *Unanswered.
	Balance(ctx context.Context, key video.Key) (usd float64, err error)
}
