// Package mail tells people by SNS what happened: at most one mail of a kind in a quarter of an
// hour, with the count. docs/notifications.md describes it.
package mail

import (
	"context"
	"log/slog"
	"time"

	"github.com/takeup/takeup/internal/notify"
	"github.com/takeup/takeup/internal/table/digest"
)

// On is which events are mailed.
type On string

// What the parameter NotifyOn accepts.
const (
	Attention On = "attention" // what a person has to look after
	All       On = "all"
	None      On = "none"
)

// apart is the time between two mails of a kind.
const apart = 15 * time.Minute

// Lease is how long nobody else sends a mail that somebody has begun to send. It is longer than
// OutboxFunction runs, so that whoever has it no longer is gone.
const Lease = 2 * time.Minute

// publishTime is how long SNS may take.
const publishTime = 10 * time.Second

// Digests keeps what waits for a mail.
type Digests interface {
	// Change reads a digest, changes it, and writes it, again if another writer was first.
	Change(ctx context.Context, kind string, now time.Time, change func(*digest.Digest) bool) (digest.Digest, bool, error)
	// Waiting returns the kinds for which something waits.
	Waiting(ctx context.Context) ([]string, error)
}

// Topic is an SNS topic.
type Topic interface {
	Publish(ctx context.Context, subject, text string) error
}

// Mail implements notify.Sweeper. An event is taken once it waits for its mail. What the topic
// doesn't accept keeps waiting, and holds up nothing else. A process that ends between the mail and
// the record of it makes the mail come again. It is safe for concurrent use, also by many processes.
type Mail struct {
	Digests Digests
	Topic   Topic
	On      On
	Stack   string // its name, for the commands in the mails
	Now     func() time.Time
	Log     *slog.Logger
}

// Put implements notify.Channel.
func (m *Mail) Put(ctx context.Context, events []notify.Event) []error {
	errs := make([]error, len(events))
	notes, at := map[string][]digest.Note{}, map[string][]int{} // by kind
	var kinds []string
	for i, e := range events {
		kind, note := m.note(e)
		if kind == "" {
			continue
		}
		if notes[kind] == nil {
			kinds = append(kinds, kind)
		}
		notes[kind], at[kind] = append(notes[kind], note), append(at[kind], i)
	}
	for _, kind := range kinds {
		if err := m.take(ctx, kind, notes[kind]); err != nil {
			for _, i := range at[kind] {
				errs[i] = err
			}
		}
	}
	return errs
}

// Sweep implements notify.Sweeper.
func (m *Mail) Sweep(ctx context.Context) error {
	kinds, err := m.Digests.Waiting(ctx)
	for _, kind := range kinds {
		if err := m.take(ctx, kind, nil); err != nil {
			m.Log.ErrorContext(ctx, "mail", "kind", kind, "error", err.Error())
		}
	}
	return err
}

// take lets events wait for a mail, and sends it if it is due.
func (m *Mail) take(ctx context.Context, kind string, notes []digest.Note) error {
	now, due := m.Now(), false
	d, changed, err := m.Digests.Change(ctx, kind, now, func(d *digest.Digest) bool {
		added := false
		for _, n := range notes {
			added = d.Add(n) || added
		}
		if due = !d.Empty() && now.Sub(d.MailedAt) >= apart && !d.SendingUntil.After(now); due {
			d.SendingUntil = now.Add(Lease)
		}
		return added || due
	})
	if err == nil && changed && due {
		m.send(ctx, d)
	}
	return err
}

// send publishes a mail that is due, and records that. If it fails, the mail is sent by a sweep
// after the lease.
func (m *Mail) send(ctx context.Context, d digest.Digest) {
	err := m.publish(ctx, d)
	if err == nil {
		_, _, err = m.Digests.Change(ctx, d.Kind, m.Now(), func(now *digest.Digest) bool {
			now.Sent(d, m.Now())
			return true
		})
	}
	attributes := []any{"kind", d.Kind, "events", len(d.Waiting) + d.More}
	if err != nil {
		m.Log.ErrorContext(ctx, "mail", append(attributes, "error", err.Error())...)
		return
	}
	m.Log.InfoContext(ctx, "mail", attributes...)
}

func (m *Mail) publish(ctx context.Context, d digest.Digest) error {
	ctx, cancel := context.WithTimeout(ctx, publishTime)
	defer cancel()
	return m.Topic.Publish(ctx, subject(m.Stack, d), text(m.Stack, d))
}
