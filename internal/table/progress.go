package table

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/takeup/takeup/internal/table/dynamo"
	"github.com/takeup/takeup/internal/table/jobitem"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/report"
)

// PutProgress replaces the progress of a step. Progress has no version, so that it never
// conflicts with another write. That of a forgotten job is dropped. After an error it may have
// been written.
func (t *Table) PutProgress(ctx context.Context, id string, progress report.Progress) error {
	_, err := t.store.Client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &t.store.Name, Item: jobitem.EncodeProgress(id, progress),
		ConditionExpression:      aws.String("attribute_not_exists(#forgotten)"),
		ExpressionAttributeNames: map[string]string{"#forgotten": jobitem.ForgottenName},
	})
	var forgotten *types.ConditionalCheckFailedException
	if err != nil && !errors.As(err, &forgotten) {
		return dynamo.Unavailable("writing the progress of a job", err)
	}
	return nil
}

// forgottenProgress returns the writes that clear the progress of a job being forgotten. They
// also mark a step that has reported nothing, since it may be about to.
func (t *Table) forgottenProgress(entry video.Entry) []types.TransactWriteItem {
	var items []types.TransactWriteItem
	for _, step := range report.Steps() {
		item := jobitem.EncodeProgress(entry.ID, entry.Told(step))
		item.PutTime(jobitem.ForgottenName, entry.ForgottenAt)
		items = append(items, types.TransactWriteItem{Put: &types.Put{TableName: &t.store.Name, Item: item}})
	}
	return items
}
