package table

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/operator"
	"github.com/takeup/takeup/internal/table/counter"
	"github.com/takeup/takeup/internal/table/dynamo"
	"github.com/takeup/takeup/internal/table/jobitem"
	"github.com/takeup/takeup/internal/table/record"
	"github.com/takeup/takeup/internal/video"
)

// Claim is Update for an entry that claims an attempt, whose money is the entry's last. The
// limits are the stack's, which the operator's caps override. The claim is one transaction with
// the counters and the control, so that no claim is written that exceeds a limit or follows an
// outdated decision. In those cases Claim returns a *operator.Paused, a *budget.NoRoom or a
// *video.BatchCancelled, and writes nothing.
func (t *Table) Claim(ctx context.Context, entry video.Entry, version string, limits budget.Limits) (video.Entry, string, error) {
	number, err := dynamo.Next(version)
	if err != nil {
		return video.Entry{}, "", err
	}
	control, decided, limits, before, err := t.bounds(ctx, entry, limits, entry.ClaimedAt)
	if err != nil {
		return video.Entry{}, "", err
	}
	limits, batch, err := t.batchBounds(ctx, entry, limits)
	if err != nil {
		return video.Entry{}, "", err
	}
	// The first claim of a day or a month finds no counter, so no condition of the transaction
	// would refuse it.
	if alone := counter.NoRoom(nil, entry, limits, before); alone != nil {
		return video.Entry{}, "", withEnd(alone, control, entry.ClaimedAt)
	}
	entry.Mark = t.store.Mark()
	entry.CountEnding() // it has not ended
	claim := &dynamodb.TransactWriteItemsInput{
		ClientRequestToken: &entry.Mark,
		TransactItems: append([]types.TransactWriteItem{
			{Put: dynamo.AsPut(t.store.Replace(jobitem.Encode(entry, number), version))}, {ConditionCheck: record.StillDecided(&t.records, decided)},
		}, append(batch, counter.Changes(&t.sums, entry, counter.RoomFor(entry, limits, before))...)...),
	}
	var last error
	written, newVersion, err := t.settle(ctx, entry, number, func(ctx context.Context) error {
		_, last = t.store.Client.TransactWriteItems(ctx, claim)
		return last
	})
	if !errors.Is(err, errBarred) {
		return written, newVersion, err
	}
	if full := fullCounters(last); len(full) > 0 {
		if err := counter.NoRoom(full, entry, limits, before); err != nil {
			return video.Entry{}, "", withEnd(err, control, entry.ClaimedAt)
		}
	}
	return video.Entry{}, "", &video.Conflict{ID: entry.ID} // the control has changed, or there is room by now
}

// bounds returns what limits a claim of the entry at a time: the operator's control and its
// version, the limits that follow from it, and the previous month's attempts in flight if
// attempts in flight are limited. The error is a *operator.Paused while no job may be claimed.
func (t *Table) bounds(ctx context.Context, entry video.Entry, limits budget.Limits, at time.Time) (operator.Control, string, budget.Limits, int64, error) {
	control, decided, err := record.Decision(ctx, &t.records)
	if err != nil {
		return control, "", limits, 0, err
	}
	if paused := control.Paused(t.store.Name); paused != nil {
		return control, "", limits, 0, paused
	}
	limits = control.Limits(limits, entry.Origin.Token, at)
	if limits.InFlight <= 0 {
		return control, decided, limits, 0, nil
	}
	before, err := counter.InFlightBefore(ctx, &t.sums, entry.Money[len(entry.Money)-1])
	return control, decided, limits, before, err
}

// withEnd sets the end of the limit in a *budget.NoRoom.
func withEnd(err error, control operator.Control, at time.Time) error {
	var full *budget.NoRoom
	if errors.As(err, &full) {
		full.Ends = control.LimitEnds(full.Limit, at)
	}
	return err
}

// fullCounters returns the counters that left no room for a claim. It returns none if the
// control or the batch failed the claim, since the limits may have changed. Only a failed
// counter comes with its item.
func fullCounters(err error) (full []dynamo.Attributes) {
	var cancelled *types.TransactionCanceledException
	if !errors.As(err, &cancelled) {
		return nil
	}
	for i, reason := range cancelled.CancellationReasons {
		switch failed := reason.Code != nil && *reason.Code == "ConditionalCheckFailed"; {
		case failed && (i == 1 || len(reason.Item) == 0):
			return nil
		case failed:
			full = append(full, reason.Item)
		}
	}
	return full
}
