package pricelist

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/takeup/takeup/internal/price"
)

// fresh is how long a list is used before it is read again. patience bounds one read.
const (
	fresh    = time.Minute
	patience = 3 * time.Second
)

// Recent caches the stored list for frequent readers, and reads it once a minute. It is
// safe for concurrent use.
type Recent struct {
	store Store
	log   *slog.Logger
	now   func() time.Time

	mu   sync.Mutex
	at   time.Time // zero if not read yet
	list price.List
}

// NewRecent returns a Recent of the list in store.
func NewRecent(store Store, log *slog.Logger, now func() time.Time) *Recent {
	return &Recent{store: store, log: log, now: now}
}

// List returns the price list. If it can't be read, List logs that and returns the last
// list read, which may be empty.
func (r *Recent) List(ctx context.Context) price.List {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := r.now(); r.at.IsZero() || now.Sub(r.at) >= fresh {
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		list, _, err := r.store.PriceList(ctx)
		if err != nil {
			r.log.WarnContext(ctx, "reading the price list failed", "error", err.Error())
			return r.list
		}
		r.at, r.list = now, list
	}
	return r.list
}
