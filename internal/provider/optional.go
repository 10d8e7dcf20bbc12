package provider

import (
	"context"
	"time"

	"github.com/takeup/takeup/internal/price"
	"github.com/takeup/takeup/internal/video"
)

// Records is a provider that tells what was asked of it and what it charged. Without it,
// nothing can be reconciled.
type Records interface {
	// Requests gives the submissions that were made with a key from one time to another,
	// and Charges what the key's account was charged for generations. Each gives all, or
	// a *Refusal or an *Unanswered.
	Requests(ctx context.Context, key video.Key, from, to time.Time) ([]LoggedRequest, error)
	Charges(ctx context.Context, key video.Key, from, to time.Time) ([]Charge, error)
	// Handle makes the handle of a generation from its id, as far as that can be told;
	// none where there is no id. ID gives the id again.
	Handle(id string, request video.Request) Handle
	ID(handle Handle) string
}

// LoggedRequest is a submission as the provider's log has it.
type LoggedRequest struct {
	Created   time.Time
	Failed    bool
	Model     string
	ID        string // the generation's, as Generation has it; empty where the log has none that can be used
	Reference string // what it was submitted under
}

// Charge is money that went out of the account for a generation.
type Charge struct {
	Created time.Time
	Model   string // empty where the provider doesn't say
	ID      string // the generation's, as Generation has it; empty where there is none that can be used
	Micros  int64  // micro-dollars
}

// Metrics is a provider that publishes how long generations took of late.
type Metrics interface {
	// Percentiles gives the times of a model's generations, of all lengths together;
	// false where none were measured. The error is a *Refusal or an *Unanswered.
	Percentiles(ctx context.Context, model string) (Percentiles, bool, error)
}

// Percentiles are of the times that a model's generations took of late.
type Percentiles struct{ P50, P90 time.Duration }

// Pricer is a provider that publishes a price list.
type Pricer interface {
	// PriceList is the address of the list.
	PriceList() string
	// Prices gives the list, and true; or false, where it is still the one of the ETag.
	// Without an ETag it always gives the list. The error is a *Refusal or an
	// *Unanswered.
	Prices(ctx context.Context, etag string) (price.List, bool, error)
}

// Biller is a provider that tells how much money an account has.
type Biller interface {
	// Balance asks for it, in USD. It pays nothing, and so also tells whether a key is
	// accepted. The error is a *Refusal or an *Unanswered.
	Balance(ctx context.Context, key video.Key) (usd float64, err error)
}
