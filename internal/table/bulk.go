package table

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/takeup/takeup/internal/table/dynamo"
	"github.com/takeup/takeup/internal/table/jobitem"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/wait"
)

// BulkClient is the part of DynamoDB's API that a Bulk uses.
type BulkClient interface {
	BatchGetItem(context.Context, *dynamodb.BatchGetItemInput, ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error)
}

// Bulk reads many jobs of a table at once.
type Bulk struct {
	client BulkClient
	name   string
	jitter func(time.Duration) time.Duration
}

// NewBulk returns a Bulk of a table. Each call of jitter returns a random part of a duration.
func NewBulk(client BulkClient, name string, jitter func(time.Duration) time.Duration) Bulk {
	return Bulk{client: client, name: name, jitter: jitter}
}

// A read is repeated that often for the items that DynamoDB left out, with waits that double.
const (
	bulkTries = 8
	bulkPause = 25 * time.Millisecond
)

// Entries returns the entries of the jobs that exist, by id, without their requests and their
// progress. The reads are consistent. It takes at most 100 different ids, which is DynamoDB's
// limit. The error is a *video.ServiceUnavailable.
func (b Bulk) Entries(ctx context.Context, ids []string) (map[string]video.Entry, error) {
	const doing = "reading jobs"
	entries := map[string]video.Entry{}
	if len(ids) == 0 {
		return entries, nil
	}
	asked := types.KeysAndAttributes{ConsistentRead: aws.Bool(true)}
	for _, id := range ids {
		asked.Keys = append(asked.Keys, dynamo.Attributes{dynamo.PartitionKey: dynamo.Text(jobitem.Prefix + id), dynamo.SortKey: dynamo.Text(jobitem.Job)})
	}
	pause := bulkPause
	for range bulkTries {
		out, err := b.client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{b.name: asked}})
		if err != nil {
			return nil, dynamo.Unavailable(doing, err)
		}
		for _, item := range out.Responses[b.name] {
			id, _ := strings.CutPrefix(textOf(item, dynamo.PartitionKey), jobitem.Prefix)
			entry, err := jobitem.DecodeJob(id, item)
			if err != nil {
				return nil, dynamo.Unavailable(doing, err)
			}
			entries[id] = entry
		}
		if asked = out.UnprocessedKeys[b.name]; len(asked.Keys) == 0 {
			return entries, nil
		}
		if err := wait.For(ctx, pause/2+b.jitter(pause/2)); err != nil {
			return nil, dynamo.Unavailable(doing, err)
		}
		pause *= 2
	}
	return nil, dynamo.Unavailable(doing, errors.New("DynamoDB left out jobs each time"))
}
