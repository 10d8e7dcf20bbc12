package table

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/report"
)

// progressPrefix begins the sort key of a step's progress. It sorts between those of the job and
// the request.
const progressPrefix = "progress#"

// forgottenName is the attribute for when a job was forgotten, in the job and in its progress.
const forgottenName = "forgotten_at"

// PutProgress replaces the progress of a step. Progress has no version, so that it never
// conflicts with another write. That of a forgotten job is dropped. After an error it may have
// been written.
func (t *Table) PutProgress(ctx context.Context, id string, progress report.Progress) error {
	_, err := t.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &t.name, Item: encodeProgress(id, progress),
		ConditionExpression:      aws.String("attribute_not_exists(#forgotten)"),
		ExpressionAttributeNames: map[string]string{"#forgotten": forgottenName},
	})
	var forgotten *types.ConditionalCheckFailedException
	if err != nil && !errors.As(err, &forgotten) {
		return unavailable("writing the progress of a job", err)
	}
	return nil
}

// forgottenProgress returns the writes that clear the progress of a job being forgotten. They
// also mark a step that has reported nothing, since it may be about to.
func (t *Table) forgottenProgress(entry video.Entry) []types.TransactWriteItem {
	var items []types.TransactWriteItem
	for _, step := range report.Steps() {
		item := encodeProgress(entry.ID, entry.Told(step))
		item.putTime(forgottenName, entry.ForgottenAt)
		items = append(items, types.TransactWriteItem{Put: &types.Put{TableName: &t.name, Item: item}})
	}
	return items
}

func encodeProgress(id string, progress report.Progress) attributes {
	item := attributes{}
	item.put(partitionKey, jobPrefix+id)
	item.put(sortKey, progressPrefix+string(progress.Step))
	if w := progress.Wait; w.Kind != "" {
		wait := attributes{}
		wait.put("kind", string(w.Kind))
		wait.putTime("at", w.At)
		wait.putNumber("attempt", int64(w.Attempt))
		wait.putTime("next_at", w.NextAt)
		wait.putTime("until", w.Until)
		wait.put("last_error", w.LastError)
		item["waiting"] = &types.AttributeValueMemberM{Value: wait}
	}
	var events []types.AttributeValue
	for _, e := range progress.Events {
		event := attributes{}
		event.putTime("at", e.At)
		event.put("kind", string(e.Kind))
		event.putNumber("number", int64(e.Number))
		event.putNumber("times", int64(e.Times))
		event.put("said", e.Said)
		events = append(events, &types.AttributeValueMemberM{Value: event})
	}
	item["events"] = &types.AttributeValueMemberL{Value: events}
	return item
}

// decodeProgress reads the progress of a step. It omits what can't be read.
func decodeProgress(step report.Step, item attributes) report.Progress {
	progress := report.Progress{Step: step}
	r := reader{attributes: item}
	if wait, ok := r.part("waiting"); ok {
		read := report.Wait{
			Kind: report.WaitKind(wait.text("kind")), At: wait.time("at"), Attempt: int(wait.number("attempt")),
			NextAt: wait.time("next_at"), Until: wait.time("until"), LastError: wait.text("last_error"),
		}
		if wait.err == nil {
			progress.Wait = read
		}
	}
	list, _ := item["events"].(*types.AttributeValueMemberL)
	if list == nil {
		return progress
	}
	for _, value := range list.Value {
		of, _ := value.(*types.AttributeValueMemberM)
		if of == nil {
			continue
		}
		event := reader{attributes: of.Value}
		read := report.Event{
			At: event.time("at"), Kind: report.EventKind(event.text("kind")),
			Number: int(event.number("number")), Times: int(event.number("times")), Said: event.text("said"),
		}
		if event.err == nil && !read.At.IsZero() {
			progress.Events = append(progress.Events, read)
		}
	}
	return progress
}
