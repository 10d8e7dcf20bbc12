package webhook

import (
	"context"
	"time"

	"github.com/takeup/takeup/internal/notify"
	"github.com/takeup/takeup/internal/notify/receiver"
)

// Receivers remembers how fast receivers answer.
type Receivers interface {
	// Receiver returns what is known of a receiver, and its version.
	Receiver(ctx context.Context, name string) (receiver.Receiver, string, error)
	// PutReceiver replaces the version that was read. It returns a *video.Conflict if another
	// writer was first.
	PutReceiver(ctx context.Context, name string, known receiver.Receiver, version string) error
}

// Channel puts the deliveries of events into the queues. It implements notify.Channel.
type Channel struct {
	Queues    Queues
	Receivers Receivers
	Stack     bool // the stack has a webhook, which gets all events
	Now       func() time.Time
}

// Put implements notify.Channel. Deliveries to receivers that are known to be slow go aside at once.
func (c Channel) Put(ctx context.Context, events []notify.Event) []error {
	errs := make([]error, len(events))
	slow := map[string]bool{}
	waiting, at := map[string][]delivery{}, map[string][]int{}
	for i, e := range events {
		for _, m := range messages(e, c.Stack, c.Now()) {
			name := m.receiver()
			if _, known := slow[name]; !known {
				found, _, err := c.Receivers.Receiver(ctx, name)
				slow[name] = err == nil && found.Advice(c.Now()) == receiver.Aside // else the first attempt decides
			}
			m.Aside = slow[name]
			url := c.Queues.queue(m)
			waiting[url], at[url] = append(waiting[url], delivery{Message: m}), append(at[url], i)
		}
	}
	for url, all := range waiting {
		for j, err := range c.Queues.send(ctx, url, all) {
			if i := at[url][j]; errs[i] == nil {
				errs[i] = err
			}
		}
	}
	return errs
}
