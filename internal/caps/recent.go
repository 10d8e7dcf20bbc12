package caps

import (
	"context"
	"sync"
	"time"

	"github.com/takeup/takeup/internal/price"
	"github.com/takeup/takeup/internal/schedule"
)

// fresh is how long cached prices are used before they are read again. A claim doesn't use
// the cache.
const fresh = time.Minute

// recent caches Records for a minute. A failed read isn't cached; it returns an error each
// time. It is safe for concurrent use.
type recent struct {
	records Records
	now     func() time.Time

	mu   sync.Mutex
	list read[price.List]
	past map[schedule.Kind]read[schedule.Past]
}

// read is a cached value with the time it was read.
type read[T any] struct {
	value   T
	version string
	at      time.Time // zero: never
}

func (r *recent) PriceList(ctx context.Context) (price.List, string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if at := r.now(); r.list.at.IsZero() || at.Sub(r.list.at) >= fresh {
		list, version, err := r.records.PriceList(ctx)
		if err != nil {
			return price.List{}, "", err
		}
		r.list = read[price.List]{list, version, at}
	}
	return r.list.value, r.list.version, nil
}

func (r *recent) Times(ctx context.Context, model string, duration int) (schedule.Past, string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	kind := schedule.Kind{Model: model, Duration: duration}
	known := r.past[kind]
	if at := r.now(); known.at.IsZero() || at.Sub(known.at) >= fresh {
		past, version, err := r.records.Times(ctx, model, duration)
		if err != nil {
			return schedule.Past{}, "", err
		}
		known = read[schedule.Past]{past, version, at}
		if r.past == nil {
			r.past = map[schedule.Kind]read[schedule.Past]{}
		}
		r.past[kind] = known
	}
	return known.value, known.version, nil
}
