package table

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	batch "github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/table/record"
	"github.com/takeup/takeup/internal/video"
)

// batchBounds adds the limit of the entry's batch to the limits of a claim, and returns the
// transaction's condition that the batch has not changed since. It returns no condition for a
// job of no batch, and for one whose batch has no record, such as one that a restored table has
// lost. The error is a *video.BatchCancelled for a cancelled batch.
func (t *Table) batchBounds(ctx context.Context, entry video.Entry, limits budget.Limits) (budget.Limits, []types.TransactWriteItem, error) {
	id := entry.Origin.Batch
	if id == "" {
		return limits, nil, nil
	}
	b, version, err := t.Batch(ctx, id)
	var absent *batch.NoBatch
	switch {
	case errors.As(err, &absent):
		return limits, nil, nil
	case err != nil:
		return limits, nil, err
	case b.State == batch.Cancelled:
		return limits, nil, &video.BatchCancelled{Batch: id}
	}
	limits.BatchInFlight = int64(b.AtOnce)
	return limits, []types.TransactWriteItem{{ConditionCheck: record.Unchanged(&t.records, id, version)}}, nil
}

// batchTurn returns a *budget.NoRoom if the entry's batch has no room for another attempt, so
// that its jobs don't keep others waiting for a slot that they can't use.
func (t *Table) batchTurn(ctx context.Context, entry video.Entry) error {
	limits, _, err := t.batchBounds(ctx, entry, budget.Limits{})
	if err != nil || limits.BatchInFlight == 0 {
		return err
	}
	counts, err := t.BatchCounts(ctx, entry.Origin.Batch)
	if err != nil {
		return err
	}
	if counts.InFlight >= limits.BatchInFlight {
		return &budget.NoRoom{Limit: budget.LimitBatch, Held: counts.InFlight, Of: limits.BatchInFlight}
	}
	return nil
}
