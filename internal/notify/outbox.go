package notify

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/takeup/takeup/internal/metrics"
	"github.com/takeup/takeup/internal/table/outbox"
)

// Box has what is to be told.
type Box interface {
	// Get returns the item with a key, and false if there is none.
	Get(ctx context.Context, key string) (outbox.Found, bool, error)
	// Waiting returns items that were not told, and whether there are more.
	Waiting(context.Context) (found []outbox.Found, more bool, err error)
	// Delete deletes an item.
	Delete(ctx context.Context, key string) error
}

// Channel is a way to somebody who is told, such as the event bus.
type Channel interface {
	// Put sends some events. It returns an error or nil for each; a *Refused is for an event that
	// the channel will never take. An event may be sent again, since another channel failed.
	Put(ctx context.Context, events []Event) []error
}

// Sweeper is a Channel that puts off what it sends, such as mails.
type Sweeper interface {
	Channel
	// Sweep sends what was put off for long enough.
	Sweep(context.Context) error
}

// Refused is the error for an event that a channel will never take.
type Refused struct {
	Channel string
	Reason  string
}

func (e *Refused) Error() string { return e.Channel + " doesn't take the event: " + e.Reason }

// Queue keeps what can't be told, for somebody to look at.
type Queue interface {
	Send(ctx context.Context, u Untold) error
}

// Untold is something that can't be told.
type Untold struct {
	Key    string `json:"key"` // of the item
	Reason string `json:"reason"`
}

// Outbox tells what is in a Box, and deletes what was told. It is safe for concurrent use, also by
// many processes.
type Outbox struct {
	Box      Box
	Jobs     Jobs
	Channels []Channel
	Queue    Queue
	Bucket   string // of the videos
	Meter    Meter  // of the outbox's lag
	Now      func() time.Time
	Log      *slog.Logger
}

// atOnce is how many events are sent by one call: EventBridge takes ten.
const atOnce = 10

// settled is how long what happened is left to the stream, before a list of the outbox tells it.
const settled = 30 * time.Second

// told counts what was done.
type told struct{ told, untold, failed int }

// Handle is the Lambda handler. Its payload is an event of the table's stream, or {"sweep": true},
// after which everything is told that the stream has lost. It never fails: an error would hold up
// the records that follow, and what was not told stays in the outbox.
func (o *Outbox) Handle(ctx context.Context, payload json.RawMessage) error {
	began := o.Now()
	var occasion struct {
		Sweep   bool `json:"sweep"`
		Records []json.RawMessage
	}
	var done told
	err := json.Unmarshal(payload, &occasion)
	switch {
	case err == nil && occasion.Sweep:
		done, err = o.sweep(ctx)
	case err == nil && len(occasion.Records) > 0:
		done, err = o.stream(ctx, occasion.Records)
	default:
		err = errors.New(`the payload is neither an event of a stream nor {"sweep": true}`)
	}
	attributes := []any{"told", done.told, "untold", done.untold, "failed", done.failed, "elapsed_ms", o.Now().Sub(began).Milliseconds()}
	if err != nil {
		o.Log.ErrorContext(ctx, "outbox", append(attributes, "error", err.Error())...)
		return nil
	}
	o.Log.InfoContext(ctx, "outbox", attributes...)
	return nil
}

// change is the part of a stream's record that is read: the keys of the item.
type change struct {
	DynamoDB struct {
		Keys struct {
			PK struct{ S string } `json:"pk"`
			SK struct{ S string } `json:"sk"`
		}
	} `json:"dynamodb"`
}

// stream tells what the records of the stream name. The items are read, since they may have been
// told by now.
func (o *Outbox) stream(ctx context.Context, records []json.RawMessage) (told, error) {
	var found []outbox.Found
	var failed []error
	for _, text := range records {
		var r change
		if err := json.Unmarshal(text, &r); err != nil {
			failed = append(failed, err)
			continue
		}
		keys := r.DynamoDB.Keys
		if keys.PK.S != outbox.Partition || slices.ContainsFunc(found, func(f outbox.Found) bool { return f.Key == keys.SK.S }) {
			continue
		}
		one, there, err := o.Box.Get(ctx, keys.SK.S)
		if err != nil {
			failed = append(failed, err)
		} else if there {
			found = append(found, one)
		}
	}
	done, err := o.tell(ctx, found)
	done.failed += len(failed)
	return done, errors.Join(append(failed, err)...)
}

// sweep tells what the stream did not, and has the channels send what they put off.
func (o *Outbox) sweep(ctx context.Context) (told, error) {
	done, err := o.tellLate(ctx)
	failed := []error{err}
	for _, channel := range o.Channels {
		if s, ok := channel.(Sweeper); ok {
			failed = append(failed, s.Sweep(ctx))
		}
	}
	return done, errors.Join(failed...)
}

// tellLate tells what the stream did not, until nothing is left or the context is done.
func (o *Outbox) tellLate(ctx context.Context) (told, error) {
	var sum told
	for first := true; ; first = false {
		found, more, err := o.Box.Waiting(ctx)
		if err != nil {
			return sum, err
		}
		if first {
			err = o.Meter.Emit(metrics.Value{Name: metrics.OutboxLag, N: o.lag(found).Seconds()})
		}
		var late []outbox.Found
		for _, one := range found {
			if one.Err != nil || o.Now().Sub(one.Item.Ending.At) >= settled {
				late = append(late, one)
			}
		}
		done, failed := o.tell(ctx, late)
		err = errors.Join(err, failed)
		sum.told, sum.untold, sum.failed = sum.told+done.told, sum.untold+done.untold, sum.failed+done.failed
		if err != nil || !more || done.told+done.untold == 0 {
			return sum, err
		}
	}
}

// lag returns the age of the oldest item.
func (o *Outbox) lag(found []outbox.Found) time.Duration {
	oldest := time.Duration(0)
	for _, one := range found {
		if one.Err == nil {
			oldest = max(oldest, o.Now().Sub(one.Item.Ending.At))
		}
	}
	return oldest
}

// tell tells items, and deletes those that were told or can't be.
func (o *Outbox) tell(ctx context.Context, found []outbox.Found) (told, error) {
	var done told
	var failed []error
	for len(found) > 0 {
		some := found[:min(len(found), atOnce)]
		found = found[len(some):]
		for i, err := range o.put(ctx, some) {
			key := some[i].Key
			switch {
			case untellable(err):
				err = o.Queue.Send(ctx, Untold{Key: key, Reason: err.Error()})
				if err == nil {
					done.untold++
				}
			case err == nil:
				done.told++
			}
			if err == nil {
				err = o.Box.Delete(ctx, key)
			}
			if err != nil {
				done.failed++
				failed = append(failed, err)
			}
		}
	}
	return done, errors.Join(failed...)
}

// put sends the events of some items by all channels, and returns an error or nil for each item. An
// error that passes is returned before one that stays, so that the item is told again.
func (o *Outbox) put(ctx context.Context, some []outbox.Found) []error {
	errs := make([]error, len(some))
	var all []Event
	var at []int // the item of each event
	for i, one := range some {
		errs[i] = one.Err
		if one.Err != nil {
			continue
		}
		e, err := event(ctx, o.Jobs, o.Bucket, one.Item)
		if errs[i] = err; err == nil {
			all, at = append(all, e), append(at, i)
		}
	}
	if len(all) == 0 {
		return errs
	}
	for _, channel := range o.Channels {
		for i, err := range channel.Put(ctx, all) {
			if before := errs[at[i]]; err != nil && (before == nil || untellable(before)) {
				errs[at[i]] = err
			}
		}
	}
	return errs
}
