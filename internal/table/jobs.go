package table

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/takeup/takeup/internal/table/counter"
	"github.com/takeup/takeup/internal/table/dynamo"
	"github.com/takeup/takeup/internal/table/jobitem"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/report"
)

// Get reads a job, and its version for Update. The read is consistent: it sees every write that
// was answered before. The error is a *video.NoEntry if there is no such job, and a
// *video.ServiceUnavailable if it can't be read.
func (t *Table) Get(ctx context.Context, id string) (video.Entry, string, error) {
	all, err := t.store.Query(ctx, jobitem.Prefix+id, "")
	if err != nil {
		return video.Entry{}, "", dynamo.Unavailable("reading a job", err)
	}
	items := map[string]map[string]types.AttributeValue{}
	for _, item := range all {
		if sort, ok := item[dynamo.SortKey].(*types.AttributeValueMemberS); ok {
			items[sort.Value] = item
		}
	}
	if items[jobitem.Job] == nil {
		return video.Entry{}, "", &video.NoEntry{ID: id}
	}
	entry, version, err := jobitem.Decode(id, items[jobitem.Job], items[jobitem.Request])
	if err != nil {
		return video.Entry{}, "", dynamo.Unavailable("reading a job", err)
	}
	for _, step := range report.Steps() {
		if item := items[jobitem.ProgressPrefix+string(step)]; item != nil {
			entry.Progress = append(entry.Progress, jobitem.DecodeProgress(step, item))
		}
	}
	return entry, strconv.FormatInt(version, 10), nil
}

// Create writes a new job. It returns the job as written, and its version. An entry without a
// request hash is a job without a valid request. Money is counted in the same transaction.
// Create returns a *video.Conflict, and writes nothing, if the job exists already. After any
// other error the job may have been written.
func (t *Table) Create(ctx context.Context, entry video.Entry) (video.Entry, string, error) {
	return t.create(ctx, entry, nil)
}

// create is Create in one transaction with another write. If with isn't nil, it returns that
// write for the job's mark.
func (t *Table) create(ctx context.Context, entry video.Entry, with func(mark string) types.TransactWriteItem) (video.Entry, string, error) {
	if err := t.putDay(ctx, entry.CreatedAt); err != nil {
		return video.Entry{}, "", err
	}
	entry.Mark = t.store.Mark()
	ended := t.ended(&entry)
	const version = 1
	items, err := t.creation(entry)
	if err != nil {
		return video.Entry{}, "", err
	}
	put := &dynamodb.TransactWriteItemsInput{
		ClientRequestToken: &entry.Mark,                                                       // makes a repeated call the same write
		TransactItems:      slices.Concat(items, counter.Changes(&t.sums, entry, nil), ended), // a job that is written back may have money
	}
	if with != nil {
		put.TransactItems = append(put.TransactItems, with(entry.Mark))
	}
	return t.settle(ctx, entry, version, func(ctx context.Context) error {
		_, err := t.store.Client.TransactWriteItems(ctx, put)
		return err
	})
}

// creation returns the writes of a new job and its request.
func (t *Table) creation(entry video.Entry) ([]types.TransactWriteItem, error) {
	sent, err := jobitem.EncodeRequest(entry)
	return []types.TransactWriteItem{
		{Put: &types.Put{
			TableName: &t.store.Name, Item: jobitem.Encode(entry, 1),
			ConditionExpression:                 aws.String("attribute_not_exists(#pk)"),
			ExpressionAttributeNames:            map[string]string{"#pk": dynamo.PartitionKey},
			ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
		}},
		{Put: &types.Put{TableName: &t.store.Name, Item: sent}},
	}, err
}

// Update replaces the version of a job that was read, and returns the new one. The request never
// changes. A forgotten job stays forgotten: texts that were added are cleared. If the money of
// the attempts has changed, the counters change with it, in one transaction, and a job that ends is
// put into the outbox. Update returns a *video.Conflict, and writes nothing, if the job has changed
// since it was read. After any other error the job may have been written.
func (t *Table) Update(ctx context.Context, entry video.Entry, version string) (video.Entry, string, error) {
	number, err := dynamo.Next(version)
	if err != nil {
		return video.Entry{}, "", err
	}
	if !entry.ForgottenAt.IsZero() {
		entry.Forget(entry.ForgottenAt)
	}
	entry.Mark = t.store.Mark()
	ended := t.ended(&entry)
	put, others := t.store.Replace(jobitem.Encode(entry, number), version), append(counter.Changes(&t.sums, entry, nil), ended...)
	if len(others) == 0 {
		return t.settle(ctx, entry, number, func(ctx context.Context) error {
			_, err := t.store.Client.PutItem(ctx, put)
			return err
		})
	}
	booked := &dynamodb.TransactWriteItemsInput{
		ClientRequestToken: &entry.Mark,
		TransactItems:      append([]types.TransactWriteItem{{Put: dynamo.AsPut(put)}}, others...),
	}
	return t.settle(ctx, entry, number, func(ctx context.Context) error {
		_, err := t.store.Client.TransactWriteItems(ctx, booked)
		return err
	})
}

// errBarred means that a transaction wrote nothing because the condition of an item other than
// the job failed.
var errBarred = errors.New("another item of the transaction has changed")

// settle writes a job, and determines whether the write took effect.
func (t *Table) settle(ctx context.Context, entry video.Entry, version int64, try func(context.Context) error) (video.Entry, string, error) {
	f, err := t.store.Write(ctx, entry.Mark, try)
	switch f {
	case dynamo.Written:
		entry.Booked = entry.Money
		entry.BookedCounts = entry.Counted()
		return entry, strconv.FormatInt(version, 10), nil
	case dynamo.Refused:
		return video.Entry{}, "", &video.Conflict{ID: entry.ID}
	case dynamo.Barred:
		return video.Entry{}, "", errBarred
	}
	found, current, readErr := t.Get(ctx, entry.ID)
	if readErr == nil && found.Mark == entry.Mark {
		entry.Booked = entry.Money
		entry.BookedCounts = entry.Counted()
		return entry, current, nil
	}
	return video.Entry{}, "", dynamo.Unavailable("writing a job", err)
}
