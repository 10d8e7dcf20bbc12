package table

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/takeup/takeup/internal/video"
)

// Unfinished gives the ids of the jobs without an outcome, the oldest of each status
// first, until yield returns false. The index is some moments behind: a job that was
// created or has ended just now may be missing or among them. The error is a
// *video.ServiceUnavailable.
func (t *Table) Unfinished(ctx context.Context, yield func(id string) bool) error {
	for _, state := range video.States() {
		if state.Ended() {
			continue
		}
		pages := dynamodb.NewQueryPaginator(t.client, &dynamodb.QueryInput{
			TableName: &t.name, IndexName: aws.String(byStatus),
			KeyConditionExpression:    aws.String("#status = :status"),
			ExpressionAttributeNames:  map[string]string{"#status": statusName},
			ExpressionAttributeValues: map[string]types.AttributeValue{":status": text(string(state))},
		})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return unavailable("listing the jobs", err)
			}
			for _, item := range page.Items {
				r := reader{attributes: item}
				if id := r.text("id"); video.ValidID(id) && !yield(id) {
					return nil
				}
			}
		}
	}
	return nil
}
