// Package digest keeps the events that wait for a mail. There is one item for each kind of mail,
// which is read whole, and replaced on condition that its version is still the one that was read.
package digest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/takeup/takeup/internal/table/dynamo"
	"github.com/takeup/takeup/internal/video"
)

// Partition is the partition of the digests. The rights of OutboxFunction in template.yaml name it.
const Partition = "mail"

// Most is how many events a digest names, and how many it remembers.
const Most = 50

// life is how long a digest is kept after its last change: as long as the outbox keeps an event.
const life = 30 * 24 * time.Hour

// writing is what a write does, in its errors.
const writing = "writing what waits for a mail"

// Digest is what waits for a mail of one kind.
type Digest struct {
	Kind    string
	Waiting []Note   // in the order in which they came, at most Most
	More    int      // further events; one that is added again counts again
	Mailed  []string // the ids of the last events that were mailed
	// MailedAt is the time of the last mail.
	MailedAt time.Time
	// SendingUntil is the time until which somebody sends a mail. Nobody else does until then.
	SendingUntil time.Time
}

// Note is one event, as a mail mentions it.
type Note struct {
	ID    string `json:"id"` // of the event
	About string `json:"about"`
	Text  string `json:"text,omitempty"`
}

// Add adds an event, unless it waits already or was mailed lately. It reports whether the digest
// changed.
func (d *Digest) Add(n Note) bool {
	same := func(other Note) bool { return other.ID == n.ID }
	switch {
	case slices.ContainsFunc(d.Waiting, same) || slices.Contains(d.Mailed, n.ID):
		return false
	case len(d.Waiting) < Most:
		d.Waiting = append(d.Waiting, n)
	default:
		d.More++
	}
	return true
}

// Empty reports whether nothing waits.
func (d *Digest) Empty() bool { return len(d.Waiting) == 0 && d.More == 0 }

// Sent removes what a mail was about, and ends the sending of it. What was added since stays.
func (d *Digest) Sent(mail Digest, at time.Time) {
	for _, n := range mail.Waiting {
		d.Waiting = slices.DeleteFunc(d.Waiting, func(other Note) bool { return other.ID == n.ID })
		d.Mailed = append(d.Mailed, n.ID)
	}
	d.Mailed = d.Mailed[max(0, len(d.Mailed)-Most):]
	d.More = max(0, d.More-mail.More)
	d.MailedAt = at
	if d.SendingUntil.Equal(mail.SendingUntil) {
		d.SendingUntil = time.Time{}
	}
}

// Store reads and writes the digests of one table. It is safe for concurrent use, also by many
// processes.
type Store struct{ items *dynamo.Store }

// New returns the Store of a table.
func New(items *dynamo.Store) *Store { return &Store{items} }

// Get reads a digest, and its version for Put. The version is empty if there is none. The read is
// consistent. The error is a *video.ServiceUnavailable.
func (s *Store) Get(ctx context.Context, kind string) (Digest, string, error) {
	const doing = "reading what waits for a mail"
	items, err := s.items.Query(ctx, Partition, kind)
	if err != nil {
		return Digest{}, "", dynamo.Unavailable(doing, err)
	}
	if len(items) == 0 {
		return Digest{Kind: kind}, "", nil
	}
	d, version, err := decode(items[0])
	if err != nil {
		return Digest{}, "", dynamo.Unavailable(doing, err)
	}
	return d, version, nil
}

// Waiting returns the kinds for which something waits. The read is consistent. The error is a
// *video.ServiceUnavailable.
func (s *Store) Waiting(ctx context.Context) ([]string, error) {
	const doing = "listing what waits for mails"
	items, err := s.items.Query(ctx, Partition, "")
	if err != nil {
		return nil, dynamo.Unavailable(doing, err)
	}
	var kinds []string
	var failed []error
	for _, item := range items {
		d, _, err := decode(item)
		if err != nil {
			failed = append(failed, dynamo.Unavailable(doing, err))
		} else if !d.Empty() {
			kinds = append(kinds, d.Kind)
		}
	}
	return kinds, errors.Join(failed...)
}

// Put replaces the version that was read. It returns a *video.Conflict if another writer was
// first. After any other error the digest may have been written.
func (s *Store) Put(ctx context.Context, d Digest, version string, now time.Time) error {
	item := dynamo.Attributes{}
	waiting, err := json.Marshal(d.Waiting)
	if err != nil {
		return err
	}
	mailed, err := json.Marshal(d.Mailed)
	if err != nil {
		return err
	}
	item.Put("waiting", string(waiting))
	item.Put("mailed", string(mailed))
	item.PutNumber("more", int64(d.More))
	item.PutTime("mailed_at", d.MailedAt)
	item.PutTime("sending_until", d.SendingUntil)
	item.PutNumber("expires", now.Add(life).Unix())
	return s.items.Put(ctx, Partition, d.Kind, item, version, writing)
}

func decode(item dynamo.Attributes) (Digest, string, error) {
	r := dynamo.Reader{Attributes: item}
	d := Digest{
		Kind: r.Text(dynamo.SortKey), More: int(r.Number("more")), MailedAt: r.Time("mailed_at"), SendingUntil: r.Time("sending_until"),
	}
	version := r.Number(dynamo.VersionName)
	for name, into := range map[string]any{"waiting": &d.Waiting, "mailed": &d.Mailed} {
		if err := json.Unmarshal([]byte(r.Text(name)), into); err != nil {
			r.Fail(name, err)
		}
	}
	if r.Err != nil {
		return Digest{}, "", fmt.Errorf("the item of %.100q: %w", d.Kind, r.Err)
	}
	return d, strconv.FormatInt(version, 10), nil
}

// Change reads a digest, changes it, and writes it. If another writer was first, it does so again,
// until ctx is done: each time it is late, another writer has got through. It returns the digest as
// it is then, and whether change changed it. After an error it may have been written.
func (s *Store) Change(ctx context.Context, kind string, now time.Time, change func(*Digest) bool) (Digest, bool, error) {
	for backoff := s.items.Backoff(); ; {
		d, version, err := s.Get(ctx, kind)
		if err != nil || !change(&d) {
			return d, false, err
		}
		err = s.Put(ctx, d, version, now)
		var conflict *video.Conflict
		if !errors.As(err, &conflict) {
			return d, err == nil, err
		}
		if err := backoff.Wait(ctx); err != nil {
			return d, false, dynamo.Unavailable(writing, err)
		}
	}
}
