package table

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/takeup/takeup/internal/video"
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

// fate is the result of a write.
type fate int

const (
	written fate = iota
	// refused: the condition failed, and nothing was written.
	refused
	// barred: the condition of another item in the transaction failed, and nothing was written.
	barred
	// again: another write to the item was in progress, and nothing was written.
	again
	// unknown: the item may have been written; only a read can tell.
	unknown
)

// write tries a write until its fate is not again, or writeTime is over. With refused and
// unknown it returns the error of the last try.
func (t *Table) write(ctx context.Context, mark string, try func(context.Context) error) (fate, error) {
	ctx, cancel := context.WithTimeout(ctx, writeTime)
	defer cancel()
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		err := try(ctx)
		f := fateOf(err, mark)
		if f != again {
			return f, err
		}
		if wait.For(ctx, pause/2+t.jitter(pause/2)) != nil {
			return unknown, err
		}
	}
}

// fateOf determines the fate of a write from its error. A condition may have failed for the
// SDK's own retry of a write that succeeded: the mark in the item that comes with the error
// shows that.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
func fateOf(err error, mark string) fate {
	var condition *types.ConditionalCheckFailedException
	var cancelled *types.TransactionCanceledException
	var conflict *types.TransactionConflictException
	var underWay *types.TransactionInProgressException
	switch {
	case err == nil:
		return written
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
func fateOfTransaction(cancelled *types.TransactionCanceledException, mark string) fate {
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
			f = barred
		case "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded":
			if f != barred {
				f = again
			}
		}
	}
	return f
}

// compare determines from the item's mark whether the last write to it was this one. Without an
// item, there was none to replace.
func compare(item map[string]types.AttributeValue, mark string) fate {
	if there, ok := item[markName].(*types.AttributeValueMemberS); ok && there.Value == mark {
		return written
	}
	return refused
}

// put writes an item with a mark in place of the version that was read; the version is empty if
// there was none. It returns a *video.Conflict, and writes nothing, if another writer was first.
// After any other error the item may have been written.
func (t *Table) put(ctx context.Context, partition, sort string, item attributes, version, doing string) error {
	number, err := next(version)
	if err != nil {
		return err
	}
	mark := t.mark()
	item.identify(partition, sort, number, mark)
	put := t.replace(item, version)
	f, err := t.write(ctx, mark, func(ctx context.Context) error {
		_, err := t.client.PutItem(ctx, put)
		return err
	})
	switch f {
	case written:
		return nil
	case refused:
		return &video.Conflict{}
	}
	return unavailable(doing, err)
}

// next returns the version after the one that was read.
func next(version string) (int64, error) {
	if version == "" {
		return 1, nil
	}
	read, err := strconv.ParseInt(version, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("table: %q is no version", version)
	}
	return read + 1, nil
}
