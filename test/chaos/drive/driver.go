// Package drive drives a run: it sends the jobs, stops executions, sweeps, raises caps, redrives,
// and waits until every job has ended.
package drive

import (
	"sync"
	"sync/atomic"

	"github.com/takeup/takeup/test/chaos/carrier"
	"github.com/takeup/takeup/test/chaos/listen"
	"github.com/takeup/takeup/test/chaos/world"
)

// Driver sends the jobs of a run, stops, watches and redrives them.
type Driver struct {
	World  *world.World
	Events *carrier.Carrier // the status events of executions
	Files  *carrier.Carrier // the events of prompt files
	Heard  *listen.Listener // what is told
	slots  chan struct{}
	// calmed means that no more executions are stopped.
	calmed atomic.Bool

	// calm is closed to end the trouble of the stream, and rested once it has ended.
	calm, rested chan struct{}

	mu      sync.Mutex
	pending map[*world.Job]bool // the jobs that are watched, and whether each holds a slot
	stops   map[string]*stop    // where the rounds of jobs are stopped, by job name
	sent    bool                // everything was sent, so interrupted jobs stay interrupted until a redrive
}

// New returns the driver of a run.
func New(w *world.World) *Driver {
	return &Driver{
		World: w, slots: make(chan struct{}, w.Options.InFlight), calm: make(chan struct{}), rested: make(chan struct{}),
		pending: map[*world.Job]bool{}, stops: map[string]*stop{},
	}
}
