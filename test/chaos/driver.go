package chaos

import (
	"sync"
	"sync/atomic"
)

// driver sends the jobs of a run, stops, watches and redrives them.
type driver struct {
	world  *world
	events *carrier
	slots  chan struct{}
	// calmed: no execution is stopped any more.
	calmed atomic.Bool

	mu      sync.Mutex
	pending map[*job]bool    // those that are followed, and whether one has a slot
	stops   map[string]*stop // where the jobs' rounds are stopped, by their names
	sent    bool             // all was sent: what is interrupted stays so until a redrive
}

func newDriver(w *world) *driver {
	return &driver{world: w, slots: make(chan struct{}, w.o.UnderWay), pending: map[*job]bool{}, stops: map[string]*stop{}}
}
