// Package pricelist keeps a copy of the provider's price list. It is read from the provider
// only on a schedule or at an operator's request: no job or request waits for it.
package pricelist

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/takeup/takeup/internal/price"
	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/video"
)

// life is how long a list stays fresh: a little less than a day, so that a daily refresh
// doesn't skip a day.
const life = 24*time.Hour - 30*time.Minute

// Store stores a price list.
type Store interface {
	// PriceList returns the list and its version; both are empty if there is none.
	PriceList(context.Context) (price.List, string, error)
	// PutPriceList replaces a version; the error is a *video.Conflict if that is outdated.
	PutPriceList(ctx context.Context, list price.List, version string) error
}

// Keeper refreshes the stored list.
type Keeper struct {
	pricer provider.Pricer
	store  Store
	names  []string
	now    func() time.Time
}

// New returns a Keeper of the prices of the named models.
func New(pricer provider.Pricer, store Store, names []string, now func() time.Time) *Keeper {
	return &Keeper{pricer: pricer, store: store, names: names, now: now}
}

// Result is the result of a refresh. Its JSON is the function's response.
type Result struct {
	Asked   bool      `json:"asked"`   // the provider was asked
	Changed bool      `json:"changed"` // the stored list changed
	Models  int       `json:"models"`  // number of models in the list
	AsOf    time.Time `json:"as_of"`   // when the list was last confirmed
	Source  string    `json:"source"`
}

// Refresh asks the provider for its list if the stored one is almost a day old, is from
// another URL or is missing, or if force is set. The stored list is kept if the provider
// returns none, or one without any of the models.
func (k *Keeper) Refresh(ctx context.Context, force bool) (Result, error) {
	kept, version, err := k.store.PriceList(ctx)
	if err != nil {
		return Result{}, err
	}
	if kept.Source != k.pricer.PriceList() {
		kept = price.List{}
	}
	if age := k.now().Sub(kept.AsOf); !force && age >= 0 && age < life {
		return resultOf(kept, false, false), nil
	}
	list, changed, err := k.pricer.Prices(ctx, kept.ETag)
	switch {
	case err != nil:
		return Result{}, fmt.Errorf("asking the provider for its price list: %w", err)
	case !changed:
		list, list.AsOf = kept, k.now()
	default:
		list = list.Only(k.names)
	}
	if len(list.Models) == 0 {
		return Result{}, &NoModels{Source: list.Source}
	}
	err = k.store.PutPriceList(ctx, list, version)
	var conflict *video.Conflict
	if errors.As(err, &conflict) {
		err = nil // another process refreshed it
	}
	return resultOf(list, true, changed), err
}

func resultOf(list price.List, asked, changed bool) Result {
	return Result{Asked: asked, Changed: changed, Models: len(list.Models), AsOf: list.AsOf, Source: list.Source}
}

// NoModels says that a price list has none of the models used here, and was not stored.
type NoModels struct{ Source string }

func (e *NoModels) Error() string {
	return "the price list at " + e.Source + " has none of the models that Takeup knows; the last list that had some is kept"
}

// Handler returns the Lambda handler that refreshes the list. Its event is {}, or
// {"force": true} to ask the provider however fresh the list is.
func (k *Keeper) Handler(log *slog.Logger) func(context.Context, json.RawMessage) (Result, error) {
	return func(ctx context.Context, payload json.RawMessage) (Result, error) {
		began := k.now()
		var asked struct {
			Force bool `json:"force"`
		}
		err := json.Unmarshal(payload, &asked)
		if err != nil {
			err = fmt.Errorf(`the payload is neither {} nor {"force": true}`)
		}
		var got Result
		if err == nil {
			got, err = k.Refresh(ctx, asked.Force)
		}
		attributes := []any{"asked", got.Asked, "changed", got.Changed, "models", got.Models, "elapsed_ms", k.now().Sub(began).Milliseconds()}
		if err != nil {
			log.ErrorContext(ctx, "prices", append(attributes, "error", err.Error())...)
			return Result{}, err
		}
		log.InfoContext(ctx, "prices", attributes...)
		return got, nil
	}
}
