package provider

import (
	"context"
	"fmt"
	"slices"

	"github.com/takeup/takeup/internal/video"
)

// Account is a provider and the keys of the account used there.
type Account struct {
	Provider Provider
	Keys     Keys
}

// Retrieve reads the state of a generation, with the key as WithKey has it. The error is a
// *Refusal, an *Unanswered, or one of reading the key.
func (a Account) Retrieve(ctx context.Context, handle Handle) (Generation, error) {
	return WithKey(ctx, a.Keys, func(key video.Key) (Generation, error) { return a.Provider.Retrieve(ctx, key, handle) })
}

// Accounts are the accounts that videos are made with.
type Accounts []Account

// Named returns the account at the provider of that name. If there is none, the error is
// a *video.ServiceUnavailable: no other provider knows the job's generation.
func (a Accounts) Named(name string) (Account, error) {
	for _, account := range a {
		if account.Provider.Name() == name {
			return account, nil
		}
	}
	return Account{}, &video.ServiceUnavailable{Doing: "finding the job's provider", Err: fmt.Errorf("no provider is called %q here", name)}
}

// Making returns the first account whose provider has the model. If there is none, the
// error is a *video.InvalidRequest.
func (a Accounts) Making(model string) (Account, error) {
	for _, account := range a {
		if slices.Contains(account.Provider.Models(), model) {
			return account, nil
		}
	}
	return Account{}, &video.InvalidRequest{Fields: []video.FieldError{{Field: "model", Message: fmt.Sprintf("%q is no model of a provider here any more; choose another", model)}}}
}

// Percentiles returns those of the first provider that publishes any for the model. A
// provider's failure doesn't hide another's percentiles. The error is a *Refusal or an
// *Unanswered.
func (a Accounts) Percentiles(ctx context.Context, model string) (Percentiles, bool, error) {
	var failed error
	for _, account := range a {
		metrics, ok := account.Provider.(Metrics)
		if !ok {
			continue
		}
		measured, ok, err := metrics.Percentiles(ctx, model)
		if ok {
			return measured, true, nil
		}
		if failed == nil {
			failed = err
		}
	}
	return Percentiles{}, false, failed
}
