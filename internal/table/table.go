package table

import (
	"context"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/takeup/takeup/internal/video"
)

// Client is the part of DynamoDB's API that a Table uses.
type Client interface {
	PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
	TransactWriteItems(context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error)
}

// Table reads and writes the items of one table. It is safe for concurrent use, also by many
// processes.
type Table struct {
	client Client
	name   string
	mark   func() string
	jitter func(time.Duration) time.Duration

	mu  sync.Mutex
	day string // the last day that putDay wrote
}

// New returns a Table. Each call of mark returns a text of at most 36 characters that no call in
// any process has returned before. Each call of jitter returns a random part of a duration.
func New(client Client, name string, mark func() string, jitter func(time.Duration) time.Duration) *Table {
	return &Table{client: client, name: name, mark: mark, jitter: jitter}
}

// query reads the items of a partition, or the one with a sort key. All reads are queries, so
// that the functions need no other operation.
func (t *Table) query(ctx context.Context, partition, sort string) ([]map[string]types.AttributeValue, error) {
	in := &dynamodb.QueryInput{
		TableName: &t.name, ConsistentRead: aws.Bool(true),
		KeyConditionExpression:    aws.String("#pk = :pk"),
		ExpressionAttributeNames:  map[string]string{"#pk": partitionKey},
		ExpressionAttributeValues: map[string]types.AttributeValue{":pk": text(partition)},
	}
	if sort != "" {
		*in.KeyConditionExpression += " AND #sk = :sk"
		in.ExpressionAttributeNames["#sk"], in.ExpressionAttributeValues[":sk"] = sortKey, text(sort)
	}
	out, err := t.client.Query(ctx, in)
	if err != nil {
		return nil, err
	}
	return out.Items, nil
}

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func unavailable(doing string, err error) error {
	return &video.ServiceUnavailable{Doing: doing, Err: err}
}
