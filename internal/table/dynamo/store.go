// Package dynamo reads and writes the items of one DynamoDB table: their attributes, the query
// that reads them, and the conditional write, whose result is known whatever was answered.
package dynamo

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/takeup/takeup/internal/video"
)

// Client is the part of DynamoDB's API that a Store uses.
type Client interface {
	PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
	TransactWriteItems(context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error)
}

// Store has the items of one table. It is safe for concurrent use, also by many processes.
type Store struct {
	Client Client
	Name   string
	// Mark returns a text of at most 36 characters that no call in any process has returned
	// before.
	Mark func() string
	// Jitter returns a random part of a duration.
	Jitter func(time.Duration) time.Duration
}

// Query reads the items of a partition, or the one with a sort key. All reads are queries, so
// that the functions need no other operation.
func (s *Store) Query(ctx context.Context, partition, sort string) ([]map[string]types.AttributeValue, error) {
	in := &dynamodb.QueryInput{
		TableName: &s.Name, ConsistentRead: aws.Bool(true),
		KeyConditionExpression:    aws.String("#pk = :pk"),
		ExpressionAttributeNames:  map[string]string{"#pk": PartitionKey},
		ExpressionAttributeValues: map[string]types.AttributeValue{":pk": Text(partition)},
	}
	if sort != "" {
		*in.KeyConditionExpression += " AND #sk = :sk"
		in.ExpressionAttributeNames["#sk"], in.ExpressionAttributeValues[":sk"] = SortKey, Text(sort)
	}
	out, err := s.Client.Query(ctx, in)
	if err != nil {
		return nil, err
	}
	return out.Items, nil
}

// Text returns a text attribute.
func Text(value string) types.AttributeValue { return &types.AttributeValueMemberS{Value: value} }

// Unavailable returns a *video.ServiceUnavailable.
func Unavailable(doing string, err error) error {
	return &video.ServiceUnavailable{Doing: doing, Err: err}
}

// Put writes an item with a mark in place of the version that was read; the version is empty if
// there was none. It returns a *video.Conflict, and writes nothing, if another writer was first.
// After any other error the item may have been written.
func (s *Store) Put(ctx context.Context, partition, sort string, item Attributes, version, doing string) error {
	number, err := Next(version)
	if err != nil {
		return err
	}
	mark := s.Mark()
	item.Identify(partition, sort, number, mark)
	put := s.Replace(item, version)
	f, err := s.Write(ctx, mark, func(ctx context.Context) error {
		_, err := s.Client.PutItem(ctx, put)
		return err
	})
	switch f {
	case Written:
		return nil
	case Refused:
		return &video.Conflict{}
	}
	return Unavailable(doing, err)
}

// Next returns the version after the one that was read.
func Next(version string) (int64, error) {
	if version == "" {
		return 1, nil
	}
	read, err := strconv.ParseInt(version, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("table: %q is no version", version)
	}
	return read + 1, nil
}

// Replace returns the write that replaces the version of an item that was read; the version is
// empty if there was none.
func (s *Store) Replace(item Attributes, version string) *dynamodb.PutItemInput {
	put := &dynamodb.PutItemInput{
		TableName: &s.Name, Item: item,
		ConditionExpression:                 aws.String("#version = :read"),
		ExpressionAttributeNames:            map[string]string{"#version": VersionName},
		ExpressionAttributeValues:           map[string]types.AttributeValue{":read": &types.AttributeValueMemberN{Value: version}},
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}
	if version == "" {
		put.ConditionExpression, put.ExpressionAttributeValues = aws.String("attribute_not_exists(#version)"), nil
	}
	return put
}

// AsPut returns the same write for a transaction.
func AsPut(in *dynamodb.PutItemInput) *types.Put {
	return &types.Put{
		TableName: in.TableName, Item: in.Item,
		ConditionExpression: in.ConditionExpression, ExpressionAttributeNames: in.ExpressionAttributeNames,
		ExpressionAttributeValues:           in.ExpressionAttributeValues,
		ReturnValuesOnConditionCheckFailure: in.ReturnValuesOnConditionCheckFailure,
	}
}
