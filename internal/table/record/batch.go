package record

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	batch "github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/table/dynamo"
	"github.com/takeup/takeup/internal/table/outbox"
	"github.com/takeup/takeup/internal/video"
)

// The sort keys of a batch's record and its plan.
const (
	batchItem = "batch"
	planItem  = "plan"
)

// batchesPartition lists the batches. Its sort keys are their places.
const batchesPartition = "batches"

const (
	readingBatch = "reading a batch"
	writingBatch = "writing a batch"
)

func encodeBatch(b batch.Batch) (dynamo.Attributes, error) {
	item := dynamo.Attributes{}
	item.Put("id", b.ID)
	item.Put("name", b.Name)
	item.Put("again", b.Again)
	item.Put("owner", b.Owner)
	item.PutTime("created_at", b.CreatedAt)
	item.Put("format", b.Format)
	item.PutNumber("at_once", int64(b.AtOnce))
	item.PutFlag("skip_invalid", b.SkipInvalid)
	item.PutNumber("max_lines", int64(b.MaxLines))
	item.PutFlag("attended", b.Attended)
	item.Put("state", string(b.State))
	item.Put("reason", b.Reason)
	item.PutTime("upload_until", b.UploadUntil)
	item.PutNumber("run", int64(b.Run))
	item.PutFlag("approved", b.Approved)
	item.PutNumber("todo", int64(b.Todo))
	item.PutNumber("usual_ms", b.Usual.Milliseconds())
	item.PutNumber("over", b.Over)
	item.PutTime("planned_at", b.PlannedAt)
	item.PutTime("ended_at", b.EndedAt)
	item.PutTime("cancelled_at", b.CancelledAt)
	item.PutNumber("reported", b.Reported)
	item.PutNumber("told", int64(b.Told))
	for name, value := range map[string]any{"defaults": b.Defaults, "sources": b.Sources} {
		encoded, err := json.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("table: encoding the %s of batch %s: %w", name, b.ID, err)
		}
		item.Put(name, string(encoded))
	}
	return item, nil
}

func decodeBatch(id string, item dynamo.Attributes) (batch.Batch, string, error) {
	r := dynamo.Reader{Attributes: item}
	b := batch.Batch{
		ID: r.Text("id"), Name: r.Text("name"), Again: r.Text("again"), Owner: r.Text("owner"), CreatedAt: r.Time("created_at"), Format: r.Text("format"),
		Options:  batch.Options{AtOnce: int(r.Number("at_once")), SkipInvalid: r.Flag("skip_invalid"), MaxLines: int(r.Number("max_lines"))},
		Attended: r.Flag("attended"),
		State:    batch.State(r.Text("state")), Reason: r.Text("reason"), UploadUntil: r.Time("upload_until"), Run: int(r.Number("run")), Approved: r.Flag("approved"),
		Todo: int(r.Number("todo")), Usual: time.Duration(r.Number("usual_ms")) * time.Millisecond, Over: r.Number("over"),
		PlannedAt: r.Time("planned_at"), EndedAt: r.Time("ended_at"), CancelledAt: r.Time("cancelled_at"), Reported: r.Number("reported"), Told: int(r.Number("told")), Mark: r.Text(dynamo.MarkName),
	}
	for name, value := range map[string]any{"defaults": &b.Defaults, "sources": &b.Sources} {
		// Numbers stay as they are written: package catalogue reads them.
		decoder := json.NewDecoder(strings.NewReader(r.Text(name)))
		decoder.UseNumber()
		if err := decoder.Decode(value); err != nil {
			r.Fail(name, err)
		}
	}
	version := r.Number(dynamo.VersionName)
	if r.Err == nil && (b.ID != id || version < 1) {
		r.Err = fmt.Errorf("it is version %d of %.100q", version, b.ID)
	}
	if r.Err != nil {
		return batch.Batch{}, "", dynamo.Unavailable(readingBatch, fmt.Errorf("the item of batch %s can't be read: %w", id, r.Err))
	}
	return b, strconv.FormatInt(version, 10), nil
}

// Batch reads the record of a batch, and its version for PutBatch. The read is consistent. The
// error is a *batch.NoBatch or a *video.ServiceUnavailable.
func (rs *Records) Batch(ctx context.Context, id string) (batch.Batch, string, error) {
	items, err := rs.store.Query(ctx, batch.Partition(id), batchItem)
	switch {
	case err != nil:
		return batch.Batch{}, "", dynamo.Unavailable(readingBatch, err)
	case len(items) == 0:
		return batch.Batch{}, "", &batch.NoBatch{ID: id}
	}
	return decodeBatch(id, items[0])
}

// BatchClaims reads what the claims of a batch's jobs obey: its state, how many videos it makes at
// once, and the version of its record, which is "" if there is none. Submit links it instead of
// Batch, which reads more. The read is consistent. The error is a *video.ServiceUnavailable.
func (rs *Records) BatchClaims(ctx context.Context, id string) (state batch.State, atOnce int64, version string, err error) {
	items, err := rs.store.Query(ctx, batch.Partition(id), batchItem)
	if err != nil || len(items) == 0 {
		return "", 0, "", unavailable(readingBatch, err)
	}
	r := dynamo.Reader{Attributes: items[0]}
	state, atOnce, version = batch.State(r.Text("state")), r.Number("at_once"), strconv.FormatInt(r.Number(dynamo.VersionName), 10)
	return state, atOnce, version, unavailable(readingBatch, r.Err)
}

// CreateBatch writes a new batch, and lists it, in one transaction. It returns a
// *video.Conflict, and writes nothing, if there is one with that id. After any other error the
// batch may have been written.
func (rs *Records) CreateBatch(ctx context.Context, b batch.Batch) (batch.Batch, string, error) {
	item, err := encodeBatch(b)
	if err != nil {
		return batch.Batch{}, "", err
	}
	b.Mark = rs.store.Mark()
	item.Identify(batch.Partition(b.ID), batchItem, 1, b.Mark)
	listed := dynamo.Attributes{}
	listed.Put(dynamo.PartitionKey, batchesPartition)
	listed.Put(dynamo.SortKey, b.CreatedAt.UTC().Format(dynamo.TimeLayout)+"#"+b.ID)
	listed.Put("id", b.ID)
	f, err := rs.store.Write(ctx, b.Mark, func(ctx context.Context) error {
		_, err := rs.store.Client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{
			ClientRequestToken: &b.Mark,
			TransactItems:      []types.TransactWriteItem{{Put: dynamo.AsPut(rs.store.Replace(item, ""))}, {Put: &types.Put{TableName: &rs.store.Name, Item: listed}}},
		})
		return err
	})
	return rs.batchWritten(ctx, b, "1", f, err)
}

// PutBatch replaces the version of a batch's record that was read, and returns the new one. In the
// same transaction, a run that ends is put into the outbox. It returns a *video.Conflict, and writes
// nothing, if the record has changed since. After any other error it may have been written.
func (rs *Records) PutBatch(ctx context.Context, b batch.Batch, version string) (batch.Batch, string, error) {
	ended := b.State == batch.Ended && b.Told != b.Run
	if ended {
		b.Told = b.Run
	}
	item, err := encodeBatch(b)
	if err != nil {
		return batch.Batch{}, "", err
	}
	number, err := dynamo.Next(version)
	if err != nil {
		return batch.Batch{}, "", err
	}
	b.Mark = rs.store.Mark()
	item.Identify(batch.Partition(b.ID), batchItem, number, b.Mark)
	put := rs.store.Replace(item, version)
	f, err := rs.store.Write(ctx, b.Mark, func(ctx context.Context) error {
		if !ended {
			_, err := rs.store.Client.PutItem(ctx, put)
			return err
		}
		_, err := rs.store.Client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{
			ClientRequestToken: &b.Mark,
			TransactItems:      []types.TransactWriteItem{{Put: dynamo.AsPut(put)}, {Put: outbox.Put(rs.store.Name, outbox.OfBatch(b.ID, b.Run, b.EndedAt))}},
		})
		return err
	})
	return rs.batchWritten(ctx, b, strconv.FormatInt(number, 10), f, err)
}

// batchWritten returns the record that a write of that fate left.
func (rs *Records) batchWritten(ctx context.Context, b batch.Batch, version string, f dynamo.Fate, err error) (batch.Batch, string, error) {
	switch f {
	case dynamo.Written:
		return b, version, nil
	case dynamo.Refused:
		return batch.Batch{}, "", &video.Conflict{}
	}
	found, current, readErr := rs.Batch(ctx, b.ID)
	if readErr == nil && found.Mark == b.Mark {
		return found, current, nil
	}
	return batch.Batch{}, "", dynamo.Unavailable(writingBatch, err)
}

// BatchPlan reads the plan of a batch's run as it was put. It returns nil if there is none of
// that run. The error is a *video.ServiceUnavailable.
func (rs *Records) BatchPlan(ctx context.Context, id string, run int) ([]byte, error) {
	items, err := rs.store.Query(ctx, batch.Partition(id), planItem)
	if err != nil || len(items) == 0 {
		return nil, unavailable(readingBatch, err)
	}
	r := dynamo.Reader{Attributes: items[0]}
	plan, of := r.Text(planItem), r.Number("run")
	if r.Err != nil {
		return nil, dynamo.Unavailable(readingBatch, r.Err)
	}
	if of != int64(run) {
		return nil, nil
	}
	return []byte(plan), nil
}

// PutBatchPlan replaces the plan of a batch by one of at most 350 KB. A plan is derived from
// the file and the jobs, so that the last one may win. The error is a
// *video.ServiceUnavailable, after which it may have been written.
func (rs *Records) PutBatchPlan(ctx context.Context, id string, run int, plan []byte) error {
	item := dynamo.Attributes{}
	item.Put(dynamo.PartitionKey, batch.Partition(id))
	item.Put(dynamo.SortKey, planItem)
	item.Put(planItem, string(plan))
	item.PutNumber("run", int64(run))
	_, err := rs.store.Client.PutItem(ctx, &dynamodb.PutItemInput{TableName: &rs.store.Name, Item: item})
	return unavailable("writing the plan of a batch", err)
}

// Batches returns the ids of batches, the newest first, and the place before which the next
// page begins, or "" if there are no more. An empty before is the first page. The error is a
// *video.ServiceUnavailable.
func (rs *Records) Batches(ctx context.Context, before string, limit int) (ids []string, next string, err error) {
	if before == "" {
		before = "~"
	}
	out, err := rs.store.Client.Query(ctx, &dynamodb.QueryInput{
		TableName: &rs.store.Name, ConsistentRead: aws.Bool(true), ScanIndexForward: aws.Bool(false), Limit: aws.Int32(int32(limit)),
		KeyConditionExpression:    aws.String("#pk = :pk AND #sk < :before"),
		ExpressionAttributeNames:  map[string]string{"#pk": dynamo.PartitionKey, "#sk": dynamo.SortKey},
		ExpressionAttributeValues: map[string]types.AttributeValue{":pk": dynamo.Text(batchesPartition), ":before": dynamo.Text(before)},
	})
	if err != nil {
		return nil, "", dynamo.Unavailable("listing the batches", err)
	}
	for _, item := range out.Items {
		r := dynamo.Reader{Attributes: item}
		ids = append(ids, r.Text("id"))
		if next = r.Text(dynamo.SortKey); r.Err != nil {
			return nil, "", dynamo.Unavailable("listing the batches", r.Err)
		}
	}
	if len(out.Items) < limit {
		next = ""
	}
	return ids, next, nil
}

// unavailable wraps an error other than nil.
func unavailable(doing string, err error) error {
	if err == nil {
		return nil
	}
	return dynamo.Unavailable(doing, err)
}

// Unchanged returns a transaction's condition that the record of a batch still has that version.
func Unchanged(rs *Records, id, version string) *types.ConditionCheck {
	return &types.ConditionCheck{
		TableName:                 &rs.store.Name,
		Key:                       dynamo.Attributes{dynamo.PartitionKey: dynamo.Text(batch.Partition(id)), dynamo.SortKey: dynamo.Text(batchItem)},
		ConditionExpression:       aws.String("#version = :read"),
		ExpressionAttributeNames:  map[string]string{"#version": dynamo.VersionName},
		ExpressionAttributeValues: dynamo.Attributes{":read": &types.AttributeValueMemberN{Value: version}},
	}
}
