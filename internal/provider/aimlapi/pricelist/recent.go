package pricelist

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/takeup/takeup/internal/price"
)

// fresh is how long a list is used before it is read again, patience the most that
// one reading may take.
const (
	fresh    = time.Minute
	patience = 3 * time.Second
)

// Recent gives the list that is kept to who asks often: it is read once a minute. It
// is safe for concurrent use.
type Recent struct {
	store Store
	log   *slog.Logger
	now   func() time.Time

	mu   sync.Mutex
	at   time.Time // zero: not read yet
	list price.List
}

// NewRecent makes a Recent of what a store keeps.
func NewRecent(store Store, log *slog.Logger, now func() time.Time) *Recent {
	return &Recent{store: store, log: log, now: now}
}

// List gives the price list. Where it can't be read, it gives the one that was read
// last, which may be the empty one, and logs that.
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
