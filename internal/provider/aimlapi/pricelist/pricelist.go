// Package pricelist keeps the provider's price list at hand. It is read from the
// provider by a schedule and by an operator's wish only: no job and no request waits
// for it.
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

// life is how long a list is good for, and a little less than a day, so that a daily
// look is not put off to the next one.
const life = 24*time.Hour - 30*time.Minute

// Store keeps a price list.
type Store interface {
	// PriceList gives the list and its version; both are empty where there is none.
	PriceList(context.Context) (price.List, string, error)
	// PutPriceList replaces a version, or gives a *video.Conflict.
	PutPriceList(ctx context.Context, list price.List, version string) error
}

// Keeper refreshes the list that is kept.
type Keeper struct {
	pricer provider.Pricer
	store  Store
	names  []string
	now    func() time.Time
}

// New makes a Keeper of the prices of the models of these names.
func New(pricer provider.Pricer, store Store, names []string, now func() time.Time) *Keeper {
	return &Keeper{pricer: pricer, store: store, names: names, now: now}
}

// Result says what a refresh came to. Its JSON is the function's answer.
type Result struct {
	Asked   bool      `json:"asked"`   // the provider, which was needed
	Changed bool      `json:"changed"` // the list was
	Models  int       `json:"models"`  // that the list has
	AsOf    time.Time `json:"as_of"`   // when the list was known to be like this
	Source  string    `json:"source"`
}

// Refresh asks the provider for its list where the one that is kept is almost a day
// old, is that of another address, or isn't there; or where that is forced. The list
// that was kept stays where the provider gives none, or one without any of the models.
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
		err = nil // another has refreshed it
	}
	return resultOf(list, true, changed), err
}

func resultOf(list price.List, asked, changed bool) Result {
	return Result{Asked: asked, Changed: changed, Models: len(list.Models), AsOf: list.AsOf, Source: list.Source}
}

// NoModels says that a price list has none of the models that are used here. It was
// not kept.
type NoModels struct{ Source string }

func (e *NoModels) Error() string {
	return "the price list at " + e.Source + " has none of the models that Takeup knows; the last list that had some is kept"
}

// Handler is the Lambda handler that refreshes the list. It takes {"force": true}, to
// ask the provider however new the list is, or {}.
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
