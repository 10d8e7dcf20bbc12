package table

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/takeup/takeup/internal/table/dynamo"
	"github.com/takeup/takeup/internal/table/jobitem"
	"github.com/takeup/takeup/internal/video"
)

// Unfinished is a job without an outcome.
type Unfinished struct {
	ID    string
	Place string // sorts the jobs by creation
}

// Unfinished returns the jobs without an outcome, oldest first. The index is eventually
// consistent: a job that was just created may be missing, and one that has just ended may be
// among them. The error is a *video.ServiceUnavailable; the jobs that were read before it are
// returned too.
func (t *Table) Unfinished(ctx context.Context) ([]Unfinished, error) {
	var all []Unfinished
	var err error
	for _, state := range video.States() {
		if state.Ended() {
			continue
		}
		pages := dynamodb.NewQueryPaginator(t.store.Client, &dynamodb.QueryInput{
			TableName: &t.store.Name, IndexName: aws.String(byStatus),
			KeyConditionExpression:    aws.String("#status = :status"),
			ExpressionAttributeNames:  map[string]string{"#status": jobitem.StatusName},
			ExpressionAttributeValues: map[string]types.AttributeValue{":status": dynamo.Text(string(state))},
		})
		for pages.HasMorePages() {
			page, failed := pages.NextPage(ctx)
			if failed != nil {
				err = dynamo.Unavailable("listing the jobs", failed)
				break
			}
			for _, item := range page.Items {
				r := dynamo.Reader{Attributes: item}
				if one := (Unfinished{ID: r.Text("id"), Place: r.Text(jobitem.PlaceName)}); video.ValidID(one.ID) {
					all = append(all, one)
				}
			}
		}
	}
	slices.SortFunc(all, func(a, b Unfinished) int { return strings.Compare(a.Place, b.Place) })
	return all, err
}
