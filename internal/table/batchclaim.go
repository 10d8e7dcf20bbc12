package table

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/budget"
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
	var absent *record.NoBatch
	switch {
	case errors.As(err, &absent):
		return limits, nil, nil
	case err != nil:
		return limits, nil, err
	case b.State == record.Cancelled:
		return limits, nil, &video.BatchCancelled{Batch: id}
	}
	limits.BatchInFlight = int64(b.AtOnce)
	return limits, []types.TransactWriteItem{{ConditionCheck: &types.ConditionCheck{
		TableName:                 &t.name,
		Key:                       attributes{partitionKey: text(batchPrefix + id), sortKey: text(batchItem)},
		ConditionExpression:       aws.String("#version = :read"),
		ExpressionAttributeNames:  map[string]string{"#version": versionName},
		ExpressionAttributeValues: attributes{":read": &types.AttributeValueMemberN{Value: version}},
	}}}, nil
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

// addBatch adds an attempt to the counters of its batch, or subtracts it if the sign is -1.
func (b *booking) addBatch(entry video.Entry, attempt budget.Money, sign int64) {
	if entry.Origin.Batch == "" {
		return
	}
	c := b.of(batchPrefix+entry.Origin.Batch, countsItem)
	if name := nameOf(attempt.State); name != "" {
		c.add(name, sign*attempt.Micros)
	}
	if attempt.Slot {
		c.add(inFlightName, sign)
	}
}

// addJob adds a job to the counters of its batch by their names, or subtracts it if the sign is
// -1.
func (b *booking) addJob(batch string, names []string, sign int64) {
	for _, name := range names {
		b.of(batchPrefix+batch, countsItem).add(name, sign)
	}
}

// BatchTallies reads the counters of batches. The error is a *video.ServiceUnavailable.
func (t *Table) BatchTallies(ctx context.Context, ids []string) ([]Tally, error) {
	var all []Tally
	for _, id := range ids {
		items, err := t.query(ctx, batchPrefix+id, countsItem)
		if err != nil {
			return nil, unavailable(readingBatch, err)
		}
		for _, item := range items {
			tally, err := tallyOf(item)
			if err != nil {
				return nil, unavailable("reading the counters", err)
			}
			all = append(all, tally)
		}
	}
	return all, nil
}

// RecountBatches computes the counters of all batches from all jobs. The tallies are sorted by
// name.
func RecountBatches(entries map[string]video.Entry) []Tally {
	var b booking
	for _, entry := range entries {
		for _, m := range entry.Money {
			b.addBatch(entry, m, 1)
		}
		b.addJob(entry.Origin.Batch, entry.Counted(), 1)
	}
	return b.tallies()
}
