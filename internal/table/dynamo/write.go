package dynamo

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/takeup/takeup/internal/wait"
)

// writeTime is how long a write is retried. A transaction on the item may take DynamoDB some
// seconds; a claim allows ten for each of its writes.
const writeTime = 8 * time.Second

// The first and the longest wait between two tries.
const (
	firstPause   = 25 * time.Millisecond
	longestPause = time.Second
)

// Fate is the result of a write.
type Fate int

const (
	// Written: the item is as it was to be.
	Written Fate = iota
	// Refused: the condition failed, and nothing was written.
	Refused
	// Barred: the condition of another item in the transaction failed, and nothing was written.
	Barred
	// again: another write to the item was in progress, and nothing was written.
	again
	// unknown: the item may have been written; only a read can tell.
	unknown
)

// Write tries a write until its fate is not again, or writeTime is over. With Refused and
// unknown it returns the error of the last try.
func (s *Store) Write(ctx context.Context, mark string, try func(context.Context) error) (Fate, error) {
	ctx, cancel := context.WithTimeout(ctx, writeTime)
	defer cancel()
	for backoff := s.Backoff(); ; {
		err := try(ctx)
		f := fateOf(err, mark)
		if f != again {
			return f, err
		}
		if backoff.Wait(ctx) != nil {
			return unknown, err
		}
	}
}

// Backoff waits between the tries of a write while other writers are in its way.
type Backoff struct {
	pause  time.Duration // the longest that the next wait takes
	jitter func(time.Duration) time.Duration
}

// Backoff returns the Backoff of a write.
func (s *Store) Backoff() *Backoff { return &Backoff{firstPause, s.Jitter} }

// Wait waits for a random time, which doubles from call to call up to a second. If ctx is done
// first, it returns the context's cause.
func (b *Backoff) Wait(ctx context.Context) error {
	pause := b.pause
	b.pause = min(2*pause, longestPause)
	return wait.For(ctx, pause/2+b.jitter(pause/2))
}

// fateOf determines the fate of a write from its error. A condition may have failed for the
// SDK's own retry of a write that succeeded: the mark in the item that comes with the error
// shows that.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
func fateOf(err error, mark string) Fate {
	var condition *types.ConditionalCheckFailedException
	var cancelled *types.TransactionCanceledException
	var conflict *types.TransactionConflictException
	var underWay *types.TransactionInProgressException
	switch {
	case err == nil:
		return Written
	case errors.As(err, &condition):
		return compare(condition.Item, mark)
	case errors.As(err, &cancelled):
		return fateOfTransaction(cancelled, mark)
	case errors.As(err, &conflict), errors.As(err, &underWay):
		return again
	}
	return unknown
}

// fateOfTransaction reads the reasons, which are in the order of the items. The mark of the
// first item tells whose write it was, whatever the conditions of the others.
func fateOfTransaction(cancelled *types.TransactionCanceledException, mark string) Fate {
	f := unknown
	for i, reason := range cancelled.CancellationReasons {
		code := ""
		if reason.Code != nil {
			code = *reason.Code
		}
		switch code {
		case "ConditionalCheckFailed":
			if i == 0 {
				return compare(reason.Item, mark)
			}
			f = Barred
		case "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded":
			if f != Barred {
				f = again
			}
		}
	}
	return f
}

// compare determines from the item's mark whether the last write to it was this one. Without an
// item, there was none to replace.
func compare(item map[string]types.AttributeValue, mark string) Fate {
	if there, ok := item[MarkName].(*types.AttributeValueMemberS); ok && there.Value == mark {
		return Written
	}
	return Refused
}
