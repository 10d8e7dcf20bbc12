package record

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/takeup/takeup/internal/table/dynamo"
	"github.com/takeup/takeup/internal/video"
)

// sentPrefix begins the partition key of the sendings of one request. An id of the request
// follows.
const sentPrefix = "sent#"

// sentItem is the only sort key in that partition.
const sentItem = "sent"

// expiryName is the attribute of the table's time to live, in seconds since 1970. DynamoDB
// deletes an item some time after it.
const expiryName = "expires"

// sentLife is how long sendings are kept after the last one. They are not needed for as long.
const sentLife = time.Hour

// Sendings reads when a request was sent without an Idempotency-Key, oldest first, and the
// version for PutSendings and CreateSent. Both are empty if it never was. The read is
// consistent. The error is a *video.ServiceUnavailable.
func (rs *Records) Sendings(ctx context.Context, request string) ([]video.Sending, string, error) {
	const doing = "reading what was sent before"
	items, err := rs.store.Query(ctx, sentPrefix+request, sentItem)
	if err != nil {
		return nil, "", dynamo.Unavailable(doing, err)
	}
	if len(items) == 0 {
		return nil, "", nil
	}
	r := dynamo.Reader{Attributes: items[0]}
	version := r.Number(dynamo.VersionName)
	list, ok := items[0]["sent"].(*types.AttributeValueMemberL)
	if !ok {
		r.Fail("sent", dynamo.ErrType)
		list = &types.AttributeValueMemberL{}
	}
	var sent []video.Sending
	for _, value := range list.Value {
		one, ok := value.(*types.AttributeValueMemberM)
		if !ok {
			r.Fail("sent", dynamo.ErrType)
			continue
		}
		part := dynamo.Reader{Attributes: one.Value}
		sending := video.Sending{
			Job: part.Text("job"), At: part.Time("at"), Retry: int(part.Number("retry")), First: part.Flag("first"), Open: part.Flag("open"),
		}
		r.Whole("sent", part)
		if !video.ValidID(sending.Job) {
			r.Fail("sent", fmt.Errorf("%.100q is no job", sending.Job))
		}
		sent = append(sent, sending)
	}
	if r.Err != nil {
		return nil, "", dynamo.Unavailable(doing, r.Err)
	}
	return sent, strconv.FormatInt(version, 10), nil
}

// PutSendings replaces the version that was read. It returns a *video.Conflict if another writer
// was first. After any other error the sendings may have been written.
func (rs *Records) PutSendings(ctx context.Context, request string, sent []video.Sending, version string) error {
	return rs.store.Put(ctx, sentPrefix+request, sentItem, encodeSendings(sent), version, "writing what was sent")
}

// WithSendings returns a function that makes the write of PutSendings with a mark, for a
// transaction.
func WithSendings(rs *Records, request string, sent []video.Sending, version string) (func(mark string) types.TransactWriteItem, error) {
	number, err := dynamo.Next(version)
	if err != nil {
		return nil, err
	}
	return func(mark string) types.TransactWriteItem {
		item := encodeSendings(sent)
		item.Identify(sentPrefix+request, sentItem, number, mark)
		put := rs.store.Replace(item, version)
		return types.TransactWriteItem{Put: &types.Put{
			TableName: put.TableName, Item: put.Item, ConditionExpression: put.ConditionExpression,
			ExpressionAttributeNames: put.ExpressionAttributeNames, ExpressionAttributeValues: put.ExpressionAttributeValues,
		}}
	}, nil
}

func encodeSendings(sent []video.Sending) dynamo.Attributes {
	var list []types.AttributeValue
	var last time.Time
	for _, sending := range sent {
		one := dynamo.Attributes{}
		one.Put("job", sending.Job)
		one.PutTime("at", sending.At)
		one.PutNumber("retry", int64(sending.Retry))
		one.PutFlag("first", sending.First)
		one.PutFlag("open", sending.Open)
		list = append(list, &types.AttributeValueMemberM{Value: one})
		if sending.At.After(last) {
			last = sending.At
		}
	}
	item := dynamo.Attributes{}
	item["sent"] = &types.AttributeValueMemberL{Value: list}
	item.PutNumber(expiryName, last.Add(sentLife).Unix())
	return item
}
