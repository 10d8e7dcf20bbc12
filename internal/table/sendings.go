package table

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

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
func (t *Table) Sendings(ctx context.Context, request string) ([]video.Sending, string, error) {
	const doing = "reading what was sent before"
	items, err := t.query(ctx, sentPrefix+request, sentItem)
	if err != nil {
		return nil, "", unavailable(doing, err)
	}
	if len(items) == 0 {
		return nil, "", nil
	}
	r := reader{attributes: items[0]}
	version := r.number(versionName)
	list, ok := items[0]["sent"].(*types.AttributeValueMemberL)
	if !ok {
		r.fail("sent", errType)
		list = &types.AttributeValueMemberL{}
	}
	var sent []video.Sending
	for _, value := range list.Value {
		one, ok := value.(*types.AttributeValueMemberM)
		if !ok {
			r.fail("sent", errType)
			continue
		}
		part := reader{attributes: one.Value}
		sending := video.Sending{
			Job: part.text("job"), At: part.time("at"), Retry: int(part.number("retry")), First: part.flag("first"), Open: part.flag("open"),
		}
		r.whole("sent", part)
		if !video.ValidID(sending.Job) {
			r.fail("sent", fmt.Errorf("%.100q is no job", sending.Job))
		}
		sent = append(sent, sending)
	}
	if r.err != nil {
		return nil, "", unavailable(doing, r.err)
	}
	return sent, strconv.FormatInt(version, 10), nil
}

// PutSendings replaces the version that was read. It returns a *video.Conflict if another writer
// was first. After any other error the sendings may have been written.
func (t *Table) PutSendings(ctx context.Context, request string, sent []video.Sending, version string) error {
	return t.put(ctx, sentPrefix+request, sentItem, encodeSendings(sent), version, "writing what was sent")
}

// CreateSent is Create for a job that was sent without an Idempotency-Key. In the same
// transaction it replaces the version of the sendings that was read. It returns a
// *video.Conflict, and writes nothing, if the sendings have changed since.
func (t *Table) CreateSent(ctx context.Context, entry video.Entry, request string, sent []video.Sending, version string) (video.Entry, string, error) {
	number, err := next(version)
	if err != nil {
		return video.Entry{}, "", err
	}
	created, written, err := t.create(ctx, entry, func(mark string) types.TransactWriteItem {
		item := encodeSendings(sent)
		item.identify(sentPrefix+request, sentItem, number, mark)
		put := t.replace(item, version)
		return types.TransactWriteItem{Put: &types.Put{
			TableName: put.TableName, Item: put.Item, ConditionExpression: put.ConditionExpression,
			ExpressionAttributeNames: put.ExpressionAttributeNames, ExpressionAttributeValues: put.ExpressionAttributeValues,
		}}
	})
	if errors.Is(err, errBarred) {
		err = &video.Conflict{ID: entry.ID}
	}
	return created, written, err
}

func encodeSendings(sent []video.Sending) attributes {
	var list []types.AttributeValue
	var last time.Time
	for _, sending := range sent {
		one := attributes{}
		one.put("job", sending.Job)
		one.putTime("at", sending.At)
		one.putNumber("retry", int64(sending.Retry))
		one.putFlag("first", sending.First)
		one.putFlag("open", sending.Open)
		list = append(list, &types.AttributeValueMemberM{Value: one})
		if sending.At.After(last) {
			last = sending.At
		}
	}
	item := attributes{}
	item["sent"] = &types.AttributeValueMemberL{Value: list}
	item.putNumber(expiryName, last.Add(sentLife).Unix())
	return item
}
