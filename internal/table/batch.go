package table

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/video"
)

// batchPrefix begins the partition key of a batch. Its sort keys are those of its record, its
// counters and its plan.
const (
	batchPrefix = "batch#"
	batchItem   = "batch"
	countsItem  = "counts"
	planItem    = "plan"
)

// batchesPartition lists the batches. Its sort keys are their places.
const batchesPartition = "batches"

const (
	readingBatch = "reading a batch"
	writingBatch = "writing a batch"
)

// The attributes of a record that a claim's condition names.
const (
	stateName  = "state"
	atOnceName = "at_once"
)

func encodeBatch(b record.Batch) (attributes, error) {
	item := attributes{}
	item.put("id", b.ID)
	item.put("name", b.Name)
	item.put("again", b.Again)
	item.put("owner", b.Owner)
	item.putTime("created_at", b.CreatedAt)
	item.put("format", b.Format)
	item.putNumber(atOnceName, int64(b.AtOnce))
	item.putFlag("skip_invalid", b.SkipInvalid)
	item.putNumber("max_lines", int64(b.MaxLines))
	item.putFlag("attended", b.Attended)
	item.put(stateName, string(b.State))
	item.put("reason", b.Reason)
	item.putNumber("run", int64(b.Run))
	item.putFlag("approved", b.Approved)
	item.putNumber("todo", int64(b.Todo))
	item.putNumber("usual_ms", b.Usual.Milliseconds())
	item.putTime("planned_at", b.PlannedAt)
	item.putTime("ended_at", b.EndedAt)
	for name, value := range map[string]any{"defaults": b.Defaults, "sources": b.Sources} {
		encoded, err := json.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("table: encoding the %s of batch %s: %w", name, b.ID, err)
		}
		item.put(name, string(encoded))
	}
	return item, nil
}

func decodeBatch(id string, item attributes) (record.Batch, string, error) {
	r := reader{attributes: item}
	b := record.Batch{
		ID: r.text("id"), Name: r.text("name"), Again: r.text("again"), Owner: r.text("owner"), CreatedAt: r.time("created_at"), Format: r.text("format"),
		Options:  record.Options{AtOnce: int(r.number(atOnceName)), SkipInvalid: r.flag("skip_invalid"), MaxLines: int(r.number("max_lines"))},
		Attended: r.flag("attended"),
		State:    record.State(r.text(stateName)), Reason: r.text("reason"), Run: int(r.number("run")), Approved: r.flag("approved"),
		Todo: int(r.number("todo")), Usual: time.Duration(r.number("usual_ms")) * time.Millisecond,
		PlannedAt: r.time("planned_at"), EndedAt: r.time("ended_at"), Mark: r.text(markName),
	}
	for name, value := range map[string]any{"defaults": &b.Defaults, "sources": &b.Sources} {
		// Numbers stay as they are written: package catalogue reads them.
		decoder := json.NewDecoder(strings.NewReader(r.text(name)))
		decoder.UseNumber()
		if err := decoder.Decode(value); err != nil {
			r.fail(name, err)
		}
	}
	version := r.number(versionName)
	if r.err == nil && (b.ID != id || version < 1) {
		r.err = fmt.Errorf("it is version %d of %.100q", version, b.ID)
	}
	if r.err != nil {
		return record.Batch{}, "", unavailable(readingBatch, fmt.Errorf("the item of batch %s can't be read: %w", id, r.err))
	}
	return b, strconv.FormatInt(version, 10), nil
}

// Batch reads the record of a batch, and its version for PutBatch. The read is consistent. The
// error is a *record.NoBatch or a *video.ServiceUnavailable.
func (t *Table) Batch(ctx context.Context, id string) (record.Batch, string, error) {
	items, err := t.query(ctx, batchPrefix+id, batchItem)
	switch {
	case err != nil:
		return record.Batch{}, "", unavailable(readingBatch, err)
	case len(items) == 0:
		return record.Batch{}, "", &record.NoBatch{ID: id}
	}
	return decodeBatch(id, items[0])
}

// CreateBatch writes a new batch, and lists it, in one transaction. It returns a
// *video.Conflict, and writes nothing, if there is one with that id. After any other error the
// batch may have been written.
func (t *Table) CreateBatch(ctx context.Context, b record.Batch) (record.Batch, string, error) {
	item, err := encodeBatch(b)
	if err != nil {
		return record.Batch{}, "", err
	}
	b.Mark = t.mark()
	item.identify(batchPrefix+b.ID, batchItem, 1, b.Mark)
	listed := attributes{}
	listed.put(partitionKey, batchesPartition)
	listed.put(sortKey, placeOf(b.CreatedAt, b.ID))
	listed.put("id", b.ID)
	f, err := t.write(ctx, b.Mark, func(ctx context.Context) error {
		_, err := t.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{
			ClientRequestToken: &b.Mark,
			TransactItems:      []types.TransactWriteItem{{Put: asPut(t.replace(item, ""))}, {Put: &types.Put{TableName: &t.name, Item: listed}}},
		})
		return err
	})
	return t.batchWritten(ctx, b, "1", f, err)
}

// PutBatch replaces the version of a batch's record that was read, and returns the new one. It
// returns a *video.Conflict, and writes nothing, if the record has changed since. After any
// other error it may have been written.
func (t *Table) PutBatch(ctx context.Context, b record.Batch, version string) (record.Batch, string, error) {
	item, err := encodeBatch(b)
	if err != nil {
		return record.Batch{}, "", err
	}
	number, err := next(version)
	if err != nil {
		return record.Batch{}, "", err
	}
	b.Mark = t.mark()
	item.identify(batchPrefix+b.ID, batchItem, number, b.Mark)
	put := t.replace(item, version)
	f, err := t.write(ctx, b.Mark, func(ctx context.Context) error {
		_, err := t.client.PutItem(ctx, put)
		return err
	})
	return t.batchWritten(ctx, b, strconv.FormatInt(number, 10), f, err)
}

// batchWritten returns the record that a write of that fate left.
func (t *Table) batchWritten(ctx context.Context, b record.Batch, version string, f fate, err error) (record.Batch, string, error) {
	switch f {
	case written:
		return b, version, nil
	case refused:
		return record.Batch{}, "", &video.Conflict{}
	}
	found, current, readErr := t.Batch(ctx, b.ID)
	if readErr == nil && found.Mark == b.Mark {
		return found, current, nil
	}
	return record.Batch{}, "", unavailable(writingBatch, err)
}

// BatchPlan reads the plan of a batch's run as it was put. It returns nil if there is none of
// that run. The error is a *video.ServiceUnavailable.
func (t *Table) BatchPlan(ctx context.Context, id string, run int) ([]byte, error) {
	items, err := t.query(ctx, batchPrefix+id, planItem)
	if err != nil || len(items) == 0 {
		return nil, wrapped(readingBatch, err)
	}
	r := reader{attributes: items[0]}
	plan, of := r.text(planItem), r.number("run")
	if r.err != nil {
		return nil, unavailable(readingBatch, r.err)
	}
	if of != int64(run) {
		return nil, nil
	}
	return []byte(plan), nil
}

// PutBatchPlan replaces the plan of a batch by one of at most 350 KB. A plan is derived from
// the file and the jobs, so that the last one may win. The error is a
// *video.ServiceUnavailable, after which it may have been written.
func (t *Table) PutBatchPlan(ctx context.Context, id string, run int, plan []byte) error {
	item := attributes{}
	item.put(partitionKey, batchPrefix+id)
	item.put(sortKey, planItem)
	item.put(planItem, string(plan))
	item.putNumber("run", int64(run))
	_, err := t.client.PutItem(ctx, &dynamodb.PutItemInput{TableName: &t.name, Item: item})
	return wrapped("writing the plan of a batch", err)
}

// Batches returns the ids of batches, the newest first, and the place before which the next
// page begins, or "" if there are no more. An empty before is the first page. The error is a
// *video.ServiceUnavailable.
func (t *Table) Batches(ctx context.Context, before string, limit int) (ids []string, next string, err error) {
	if before == "" {
		before = "~"
	}
	out, err := t.client.Query(ctx, &dynamodb.QueryInput{
		TableName: &t.name, ConsistentRead: aws.Bool(true), ScanIndexForward: aws.Bool(false), Limit: aws.Int32(int32(limit)),
		KeyConditionExpression:    aws.String("#pk = :pk AND #sk < :before"),
		ExpressionAttributeNames:  map[string]string{"#pk": partitionKey, "#sk": sortKey},
		ExpressionAttributeValues: map[string]types.AttributeValue{":pk": text(batchesPartition), ":before": text(before)},
	})
	if err != nil {
		return nil, "", unavailable("listing the batches", err)
	}
	for _, item := range out.Items {
		r := reader{attributes: item}
		ids = append(ids, r.text("id"))
		if next = r.text(sortKey); r.err != nil {
			return nil, "", unavailable("listing the batches", r.err)
		}
	}
	if len(out.Items) < limit {
		next = ""
	}
	return ids, next, nil
}

// wrapped wraps an error other than nil and *video.ServiceUnavailable.
func wrapped(doing string, err error) error {
	var already *video.ServiceUnavailable
	if err == nil || errors.As(err, &already) {
		return err
	}
	return unavailable(doing, err)
}
