// Package balance stores the balance of the account at the provider, for callers that may
// not have its key.
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

// Keys returns the provider's key.
type Keys interface {
	Current(ctx context.Context) (video.Key, error)
	// Reread reads the key again, after the cached one was refused.
	Reread(ctx context.Context) (video.Key, error)
}

// Store stores the balance.
type Store interface {
	// Balance returns the balance and its version, or zero values if none is stored.
	Balance(context.Context) (budget.Balance, string, error)
	// PutBalance replaces the given version, or returns a *video.Conflict if another is
	// stored.
	PutBalance(ctx context.Context, b budget.Balance, version string) error
}

// Keeper refreshes the stored balance.
type Keeper struct {
	account provider.Biller
	keys    Keys
	store   Store
	now     func() time.Time
}

// New returns a Keeper.
func New(account provider.Biller, keys Keys, store Store, now func() time.Time) *Keeper {
	return &Keeper{account: account, keys: keys, store: store, now: now}
}

// most bounds a plausible balance, in USD. It is more than any account has, and in
// micro-dollars it fits in an int64 with room to spare.
const most = 1e12

// Refresh stores the provider's current balance. If the provider doesn't give one, the
// stored balance stays.
func (k *Keeper) Refresh(ctx context.Context) error {
	usd, err := provider.WithKey(ctx, k.keys, func(key video.Key) (float64, error) { return k.account.Balance(ctx, key) })
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
		return nil // another caller refreshed it
	}
	return err
}

// Beside returns a Lambda handler that refreshes the balance and then calls handle. A
// failed refresh is logged, and doesn't prevent the call.
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
