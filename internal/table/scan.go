package table

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/takeup/takeup/internal/table/dynamo"
	"github.com/takeup/takeup/internal/table/jobitem"
	"github.com/takeup/takeup/internal/video"
)

// Scan reads a whole table. Only the command line does that; no function does.
type Scan struct {
	client dynamodb.ScanAPIClient
	name   string
}

// NewScan returns a Scan of a table.
func NewScan(client dynamodb.ScanAPIClient, name string) Scan { return Scan{client, name} }

// IDs returns the ids of all jobs, in no order. A job that is created meanwhile may be missing.
// The error is a *video.ServiceUnavailable.
func (s Scan) IDs(ctx context.Context) ([]string, error) {
	var ids []string
	pages := dynamodb.NewScanPaginator(s.client, &dynamodb.ScanInput{
		TableName: &s.name, ConsistentRead: aws.Bool(true),
		FilterExpression:          aws.String("#sk = :job"),
		ProjectionExpression:      aws.String("#sk, id"),
		ExpressionAttributeNames:  map[string]string{"#sk": dynamo.SortKey},
		ExpressionAttributeValues: map[string]types.AttributeValue{":job": dynamo.Text(jobitem.Job)},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, dynamo.Unavailable("listing the jobs", err)
		}
		for _, item := range page.Items {
			sort, _ := item[dynamo.SortKey].(*types.AttributeValueMemberS)
			id, ok := item["id"].(*types.AttributeValueMemberS)
			if ok && sort != nil && sort.Value == jobitem.Job && video.ValidID(id.Value) {
				ids = append(ids, id.Value)
			}
		}
	}
	return ids, nil
}
