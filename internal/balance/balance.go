// Package balance keeps the balance of the account at the provider at hand, for those
// who may not have its key.
package balance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"time"

	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/video"
)

// Keys gives the provider's key.
type Keys interface {
	Current(ctx context.Context) (video.Key, error)
	// Reread reads it anew, since the one that is kept isn't accepted.
	Reread(ctx context.Context) (video.Key, error)
}

// Store keeps a balance.
type Store interface {
	// Balance gives the balance and its version; both are empty where there is none.
	Balance(context.Context) (budget.Balance, string, error)
	// PutBalance replaces a version, or gives a *video.Conflict.
	PutBalance(ctx context.Context, b budget.Balance, version string) error
}

// Keeper refreshes the balance that is kept.
type Keeper struct {
	account provider.Biller
	keys    Keys
	store   Store
	now     func() time.Time
}

// New makes a Keeper.
func New(account provider.Biller, keys Keys, store Store, now func() time.Time) *Keeper {
	return &Keeper{account: account, keys: keys, store: store, now: now}
}

// most is more than any account has, in USD, and far less than a number of
// micro-dollars holds.
const most = 1e12

// Refresh asks the provider for the balance, and keeps it. What was kept stays where
// the provider doesn't tell.
func (k *Keeper) Refresh(ctx context.Context) error {
	usd, err := k.ask(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("asking the provider for the balance: %w", err)
	case !(math.Abs(usd) <= most):
		return fmt.Errorf("the provider says that the balance is %g USD", usd)
	}
	_, version, err := k.store.Balance(ctx)
	if err != nil {
		return err
	}
	err = k.store.PutBalance(ctx, budget.Balance{Micros: int64(math.Round(usd * 1e6)), At: k.now()}, version)
	var conflict *video.Conflict
	if errors.As(err, &conflict) {
		return nil // another has refreshed it
	}
	return err
}

// ask asks once more with the key as it is now where the one that was read before
// isn't accepted.
func (k *Keeper) ask(ctx context.Context) (float64, error) {
	key, err := k.keys.Current(ctx)
	if err != nil {
		return 0, err
	}
	usd, err := k.account.Balance(ctx, key)
	var refused *provider.Refusal
	if !errors.As(err, &refused) || refused.Kind != provider.RefusedKey {
		return usd, err
	}
	if key, err = k.keys.Reread(ctx); err != nil {
		return 0, err
	}
	return k.account.Balance(ctx, key)
}

// Beside gives a Lambda handler that refreshes the balance, and then does what another
// handler does. A balance that can't be had is logged, and keeps nothing from that.
func Beside[T any](k *Keeper, log *slog.Logger, handle func(context.Context, json.RawMessage) (T, error)) func(context.Context, json.RawMessage) (T, error) {
	return func(ctx context.Context, payload json.RawMessage) (T, error) {
		began := k.now()
		err := k.Refresh(ctx)
		attributes := []any{"elapsed_ms", k.now().Sub(began).Milliseconds()}
		if err != nil {
			log.WarnContext(ctx, "balance", append(attributes, "error", err.Error())...)
		} else {
			log.InfoContext(ctx, "balance", attributes...)
		}
		return handle(ctx, payload)
	}
}
