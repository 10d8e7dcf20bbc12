package table

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/takeup/takeup/internal/table/dynamo"
	"github.com/takeup/takeup/internal/table/jobitem"
	"github.com/takeup/takeup/internal/video"
)

// Forget replaces the version of a job that was read by one without its texts, as
// video.Entry.Forget leaves it. In the same transaction it clears the request and the progress
// of the steps. Progress that a step reports later is dropped. Forget returns the new entry. Its
// errors are those of Update.
func (t *Table) Forget(ctx context.Context, entry video.Entry, version string, at time.Time) (video.Entry, string, error) {
	number, err := dynamo.Next(version)
	if err != nil {
		return video.Entry{}, "", err
	}
	entry.Forget(at)
	entry.Mark = t.store.Mark()
	sent, err := jobitem.EncodeRequest(entry)
	if err != nil {
		return video.Entry{}, "", err
	}
	all := &dynamodb.TransactWriteItemsInput{
		ClientRequestToken: &entry.Mark,
		TransactItems: []types.TransactWriteItem{
			{Put: dynamo.AsPut(t.store.Replace(jobitem.Encode(entry, number), version))},
			{Put: &types.Put{TableName: &t.store.Name, Item: sent}},
		},
	}
	all.TransactItems = append(all.TransactItems, t.forgottenProgress(entry)...)
	return t.settle(ctx, entry, number, func(ctx context.Context) error {
		_, err := t.store.Client.TransactWriteItems(ctx, all)
		return err
	})
}
