package drive

import (
	"context"
	"errors"
	"time"

	"github.com/takeup/takeup/test/chaos/carrier"
	"github.com/takeup/takeup/test/chaos/world"
)

// Finish delivers the held events and waits until no delivery is in progress.
func (d *Driver) Finish(ctx context.Context) error {
	return errors.Join(d.Events.Finish(ctx), d.Files.Finish(ctx))
}

// LookAfter invokes the functions that look after the stack by the hour, each a few times, since the
// provider may refuse them.
func (d *Driver) LookAfter(ctx context.Context) error {
	for _, function := range []string{"PricesFunction", "WatchFunction"} {
		for range 4 {
			d.World.Plan.Note("event", function+" was invoked", "")
			if err := carrier.Invoke(ctx, d.World.Lambda, d.World.Functions[function], "{}"); err != nil && ctx.Err() != nil {
				return ctx.Err()
			}
		}
	}
	return nil
}

// Sweep invokes the function that settles as its schedule does, but more often, until ctx is
// over. What a sweep can't do is left for the next one.
func (d *Driver) Sweep(ctx context.Context) {
	tick := time.NewTicker(d.World.Options.Times.Sweep)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		d.World.Plan.Note("event", "swept", "")
		if err := carrier.Invoke(ctx, d.World.Lambda, d.World.Functions[world.Settler], `{"sweep":true}`); err != nil && ctx.Err() == nil {
			d.World.Plan.Note("event", "a sweep that could not do all", "")
		}
	}
}
