package table

import (
	"context"

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
	state, atOnce, version, err := t.BatchClaims(ctx, id)
	switch {
	case err != nil:
		return limits, nil, err
	case version == "":
		return limits, nil, nil
	case state == batch.Cancelled:
		return limits, nil, &video.BatchCancelled{Batch: id}
	}
	limits.BatchInFlight = atOnce
	return limits, []types.TransactWriteItem{{ConditionCheck: record.Unchanged(&t.records, id, version)}}, nil
}

// batchTurn returns a *budget.NoRoom if the entry's batch has no room for another attempt, so
// that its jobs don't keep others waiting for a slot that they can't use.
func (t *Table) batchTurn(ctx context.Context, entry video.Entry) error {
	limits, _, err := t.batchBounds(ctx, entry, budget.Limits{})
	if err != nil || limits.BatchInFlight == 0 {
		return err
	}
	inFlight, err := t.BatchInFlight(ctx, entry.Origin.Batch)
	if err != nil {
		return err
	}
	if inFlight >= limits.BatchInFlight {
		return &budget.NoRoom{Limit: budget.LimitBatch, Held: inFlight, Of: limits.BatchInFlight}
	}
	return nil
}
